// The cleaned text of any model output is safe: properties over generated texts, checked by readers that share no code
// with the filter (C2.4).
import Engine
import TestSupport
import Testing

@Suite("C2.4: hostile model output", .timeLimit(.minutes(2)))
struct HostileHTMLTests {
    /// Known ways to get markup past a filter, whole and in halves.
    private static let pieces = [
        "<p>", "</p>", "<ul>", "</ul>", "<ol>", "</ol>", "<li>", "</li>", "<strong>", "</strong>", "<em>", "</em>",
        "<br>", "<br/>", "</br>", "<P >", "</P\n>", "<p/>", "<div>", "</div>", "<table><tr><td>", "<h1>", "<b>", "</b>",
        "<script>", "</script>", "<scr", "<script", "ipt>", "</scr", "<style>", "</style>", "<template>",
        "<svg/onload=x>",
        "<math>", "<iframe src='javascript:x'>", "<object data=x>", "<noscript>", "<title>", "<textarea>", "<xmp>",
        "<plaintext>", "<!--", "-->", "--!>", "<!-", "<!", "<!DOCTYPE html>", "<![CDATA[", "]]>", "<?xml", "?>", "<",
        ">", "<<", ">>", "&", "&amp;", "&lt;", "&lt", "&#60;", "&#x3C;", "&#x3c", "&#0;", "&#", "&#x;", "&;", "&bogus;",
        "&notit;", "&ltscript&gt;", "\"", "'", "`", "/", "=", "!", "-", " ", "\n", "\n\n", "\r\n", "\t", "\u{A0}",
        "\u{2028}", "text", "é", "表", "🙂", "\u{301}", "\u{202E}", "\u{FEFF}", "\u{FFFD}",
        "\u{1F468}\u{200D}\u{1F469}", "\0", "\u{8}",
        "\u{1B}", "\u{7F}", "\u{85}", "<p onclick=x", "<p onclick='>'>", "<p class=\"", "<p title=\">\">", "<a href='",
        "<img src=x onerror=alert(1)>", "<p\0>", "<\0p>", "<p\u{301}>", "< p>", "</ p>", "<p-x>", "<p:x>", "<ſcript>",
        "<strong/em>", "javascript:alert(1)", "onclick=x",
    ]

    private static func text(_ random: inout Seeded) -> String {
        var out = ""
        for _ in 0..<Int.random(in: 1...30, using: &random) {
            out += pieces.randomElement(using: &random) ?? ""
            if Int.random(in: 0..<12, using: &random) == 0, !out.isEmpty {
                // A tag cut anywhere, or with an insertion.
                let cut = out.unicodeScalars.indices.randomElement(using: &random) ?? out.startIndex
                out.insert(contentsOf: pieces.randomElement(using: &random) ?? "", at: cut)
            }
        }
        return out
    }

    @Test("the result is safe, and a second cleaning changes nothing", arguments: 1...8)
    func anything(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<4000 {
            let text = Self.text(&random)
            let clean = DamageHTML.clean(text)
            if let flaw = StrictHTML.flaw(of: clean) {
                Issue.record("\(flaw): \(text.debugDescription) -> \(clean.debugDescription)")
                return
            }
            #expect(DamageHTML.clean(clean) == clean, "\(text.debugDescription) -> \(clean.debugDescription)")
        }
    }

    @Test("no word is lost, added or moved, for any tags around it", arguments: 1...8)
    func words(seed: UInt64) {
        let tags = [
            "<p>", "</p>", "<ul>", "</ul>", "<ol>", "</ol>", "<li>", "</li>", "<strong>", "</strong>", "<em>", "</em>",
            "<br>", "<div class='x > y'>", "</div>", "<b>", "</b>", "<!-- gone -->", "<script>gone</script>",
            "<STYLE>gone < gone</STYLE >", "<?gone?>", "<a href=\"gone\">", "<custom-element gone=gone>",
            "<!doctype gone>",
        ]
        let words = ["front", "<5", "a>b", "R&D", "&amp;", "&eacute;", "&#39;", "и", "凹", "🙂", "=", "\"x\"", "'"]
        var random = Seeded(seed)
        for _ in 0..<4000 {
            var (text, expected) = ("", "")
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                text += tags.randomElement(using: &random) ?? ""
                let word = words.randomElement(using: &random) ?? ""
                text += " \(word) "
                expected += word.hasPrefix("&") ? word : StrictHTML.escaped(word)
            }
            #expect(StrictHTML.words(of: DamageHTML.clean(text)) == expected, "\(text)")
        }
    }

    @Test("very deep nesting is cut in linear time")
    func deep() {
        for piece in ["<ul><li>", "<ol>", "<p><strong>", "<li>", "<ul><li><p><em>"] {
            let clean = DamageHTML.clean(String(repeating: piece, count: 20_000) + "a")
            #expect(StrictHTML.flaw(of: clean) == nil)
            #expect(StrictHTML.words(of: clean) == "a")
            #expect(StrictHTML.depth(of: clean) < 24, "\(piece)")
        }
    }

    @Test("CPython's parser finds the same: allowed tags, no attributes, balanced", .enabled(if: Python.isInstalled))
    func secondOpinion() throws {
        let program = """
            import html.parser, re, sys
            class Reader(html.parser.HTMLParser):
                def handle_starttag(self, tag, attributes):
                    assert tag in "p ul ol li strong em br".split() and not attributes, (tag, attributes)
                    if tag != "br":
                        self.open.append(tag)
                def handle_endtag(self, tag):
                    assert self.open.pop() == tag, tag
                def handle_startendtag(self, tag, attributes): raise AssertionError(tag)
                def handle_comment(self, text): raise AssertionError(text)
                handle_decl = handle_pi = unknown_decl = handle_comment
                def handle_data(self, text):
                    assert self.open and self.open[-1] not in ("ul", "ol") or not text.strip(), text
                    self.words += re.sub(r"\\s", "", text)
            for line in open(sys.argv[1]):
                reader = Reader(convert_charrefs=True)
                reader.open, reader.words = [], ""
                text = bytes.fromhex(line).decode()
                reader.feed(text)
                reader.close()
                assert not reader.open, text
                bare = re.sub(r"\\s", "", html.unescape(re.sub("<[^<>]*>", "", text)))
                assert reader.words == bare, (text, reader.words, bare)
            print("sound")
            """
        var random = Seeded(77)
        let cleaned = (0..<5000).map { _ in Python.hex(DamageHTML.clean(Self.text(&random)).utf8) + "\n" }
        #expect(try Python.run(program, input: Array(cleaned.joined().utf8)) == "sound\n")
    }
}

/// Parses a result strictly: bare allowed tags in their places, character references, text.
private enum StrictHTML {
    /// The flaw of the result; nil if it has none.
    static func flaw(of html: String) -> String? {
        var stack: [Substring] = []
        var rest = html[...]
        while !rest.isEmpty {
            let text = rest.unicodeScalars.prefix { $0 != "<" }
            if let flaw = flaw(ofText: Substring(text), in: stack.last) { return flaw }
            rest = rest[text.endIndex...]
            guard !rest.isEmpty else { break }
            let inside = rest.unicodeScalars.dropFirst().prefix { $0 != ">" }
            guard inside.endIndex < rest.endIndex else { return "an open tag at the end" }
            rest = rest[rest.unicodeScalars.index(after: inside.endIndex)...]
            let tag = Substring(inside)
            if tag.hasPrefix("/") {
                guard stack.popLast() == tag.dropFirst() else { return "<\(tag)> closes something else" }
            } else {
                guard mayStand(tag, in: stack.last) else { return "<\(tag)> in \(stack.last ?? "nothing")" }
                if tag != "br" { stack.append(tag) }
            }
        }
        return stack.isEmpty ? nil : "\(stack) not closed"
    }

    private static func mayStand(_ tag: Substring, in parent: Substring?) -> Bool {
        switch tag {
        case "p", "ul", "ol": parent == nil || parent == "li"
        case "li": parent == "ul" || parent == "ol"
        case "strong", "em", "br": ["p", "li", "strong", "em"].contains(parent)
        default: false
        }
    }

    private static func flaw(ofText text: Substring, in parent: Substring?) -> String? {
        if text.unicodeScalars.contains(">") { return "a bare >" }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 && !"\t\n\r".unicodeScalars.contains($0) }) {
            return "a control character"
        }
        if text.unicodeScalars.contains("&") {
            let reference = /&(#[0-9]{1,32}|#[xX][0-9a-fA-F]{1,32}|[a-zA-Z][a-zA-Z0-9]{0,31});/
                .matchingSemantics(.unicodeScalar)
            if text.replacing(reference, with: "").unicodeScalars.contains("&") { return "a stray &" }
        }
        guard [nil, "ul", "ol"].contains(parent), !text.allSatisfy(\.isWhitespace) else { return nil }
        return "loose text in \(parent ?? "nothing")"
    }

    /// All text without white space, as written.
    static func words(of html: String) -> String {
        html.replacing(/<[^<>]*>/.matchingSemantics(.unicodeScalar), with: "").filter { !$0.isWhitespace }
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    static func depth(of html: String) -> Int {
        var (depth, deepest) = (0, 0)
        for tag in html.matches(of: /<(\/?)[a-z]+>/) where tag.0 != "<br>" {
            depth += tag.1.isEmpty ? 1 : -1
            deepest = max(deepest, depth)
        }
        return deepest
    }
}
