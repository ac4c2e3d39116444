// The `html` target: the cleaned text of any model output is safe (C2.4). Thread: any.
import Engine

enum HTMLFlaws {
    static func find(in input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        let clean = DamageHTML.clean(text)
        if let flaw = flaw(of: clean) { return "\(flaw): \(clean.debugDescription)" }
        guard DamageHTML.clean(clean) == clean else { return "cleaning again changes it: \(clean.debugDescription)" }
        // Text without anything that looks like markup passes unchanged.
        guard
            !text.unicodeScalars.contains(where: {
                "<>&".unicodeScalars.contains($0) || $0.value < 0x20 || $0 == "\u{7F}"
            })
        else { return nil }
        return words(clean) == words(text) ? nil : "words were lost or added: \(clean.debugDescription)"
    }

    /// The flaw of a result, read strictly: bare allowed tags, correctly nested, and no other `<`, `>` or `&`.
    static func flaw(of html: String) -> String? {
        var open: [Substring] = []
        var rest = Substring(html).unicodeScalars
        while let scalar = rest.first {
            switch scalar {
            case "<":
                let tag = Substring(rest.dropFirst().prefix { $0 != ">" })
                guard let end = rest.firstIndex(of: ">") else { return "an open tag" }
                rest = rest[rest.index(after: end)...]
                if tag == "br" { continue }
                if tag.hasPrefix("/") {
                    guard open.popLast() == tag.dropFirst() else { return "<\(tag)> closes something else" }
                } else {
                    guard ["p", "ul", "ol", "li", "strong", "em"].contains(tag) else { return "the tag <\(tag)>" }
                    open.append(tag)
                }
            case ">": return "a bare >"
            case "&":
                guard let end = rest.prefix(36).firstIndex(of: ";"), isReference(rest[..<end].dropFirst()) else {
                    return "a bare &"
                }
                rest.removeFirst()
            case _ where scalar.value < 0x20 && !"\t\n\r".unicodeScalars.contains(scalar): return "a control character"
            default: rest.removeFirst()
            }
        }
        return open.isEmpty ? nil : "\(open) not closed"
    }

    private static func isReference(_ name: Substring.UnicodeScalarView) -> Bool {
        !name.isEmpty
            && name.allSatisfy { $0.isASCII && ($0 == "#" || $0.properties.isAlphabetic || ("0"..."9").contains($0)) }
    }

    private static func words(_ html: String) -> [Unicode.Scalar] {
        html.replacing(/<\/?[a-z]+>/.matchingSemantics(.unicodeScalar), with: "").unicodeScalars.filter {
            !$0.properties.isWhitespace
        }
    }
}
