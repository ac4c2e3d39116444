// The document's prose as HTML. Of CommonMark it knows only paragraphs, headings, lists, code and bold text. Pure.

enum Prose {
    /// - Parameter headings: the level of `##`, 2 to 6.
    static func write(_ text: String, headings: Int = 4, to html: inout HTML) {
        for block in text.split(separator: "\n\n") {
            let lines = block.split(separator: "\n").map(String.init)
            guard let first = lines.first else { continue }
            if first.hasPrefix("## ") {
                html.element("h\(headings)", String(first.dropFirst(3)))
            } else if first.hasPrefix("- ") {
                list("ul", items(lines) { $0.hasPrefix("- ") ? $0.dropFirst(2) : nil }, to: &html)
            } else if first.hasPrefix("1. ") {
                list("ol", items(lines, numbered), to: &html)
            } else {
                html.element("p") { inline(lines.joined(separator: " "), to: &$0) }
            }
        }
    }

    /// Writes `code` and **bold**; a mark without its partner stays text.
    static func inline(_ text: String, to html: inout HTML) {
        var rest = text[...]
        while let start = rest.firstIndex(where: { $0 == "`" || $0 == "*" }) {
            html.say(String(rest[..<start]))
            rest = rest[start...]
            if let (inside, after) = marked(rest, "`") {
                html.element("code", String(inside))
                rest = after
            } else if let (inside, after) = marked(rest, "**") {
                html.element("strong") { inline(String(inside), to: &$0) }
                rest = after
            } else {
                html.say(String(rest.removeFirst()))
            }
        }
        html.say(String(rest))
    }

    private static func marked(_ text: Substring, _ mark: String) -> (inside: Substring, after: Substring)? {
        guard text.hasPrefix(mark) else { return nil }
        let body = text.dropFirst(mark.count)
        guard let end = body.firstRange(of: mark), end.lowerBound > body.startIndex else { return nil }
        return (body[..<end.lowerBound], body[end.upperBound...])
    }

    private static func list(_ kind: String, _ items: [String], to html: inout HTML) {
        html.element(kind) { html in
            for item in items { html.element("li") { inline(item, to: &$0) } }
        }
    }

    /// Adds a line that begins no item to the item before.
    private static func items(_ lines: [String], _ begin: (String) -> Substring?) -> [String] {
        var items: [String] = []
        for line in lines {
            if let text = begin(line) { items.append(String(text)) } else { items[items.count - 1] += " " + line }
        }
        return items
    }

    private static func numbered(_ line: String) -> Substring? {
        let digits = line.prefix { $0.isNumber }
        guard !digits.isEmpty, line.dropFirst(digits.count).hasPrefix(". ") else { return nil }
        return line.dropFirst(digits.count + 2)
    }
}
