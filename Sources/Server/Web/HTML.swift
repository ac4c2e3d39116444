// HTML as text is put together here and nowhere else, so that nothing goes out unescaped. A value.

struct HTML {
    private(set) var text = ""

    /// Text, escaped for content and for attributes in double quotes alike.
    mutating func say(_ plain: String) { text += HTML.escaped(plain) }

    /// An element with attributes and what `body` puts into it.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String>, _ body: (inout HTML) -> Void) {
        open(name, attributes)
        body(&self)
        text += "</\(name)>"
    }

    mutating func element(_ name: String, _ body: (inout HTML) -> Void) { element(name, [:], body) }

    /// An element around a text.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String>, _ plain: String) {
        element(name, attributes) { $0.say(plain) }
    }

    mutating func element(_ name: String, _ plain: String) { element(name, [:], plain) }

    /// An element without content or end: `meta`, `link`.
    mutating func void(_ name: String, _ attributes: KeyValuePairs<String, String>) { open(name, attributes) }

    mutating func link(_ target: String, _ plain: String) { element("a", ["href": target], plain) }

    /// Only names that stand in our source come here.
    private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        text += "<" + name
        for (key, value) in attributes { text += " \(key)=\"\(HTML.escaped(value))\"" }
        text += ">"
    }

    static func escaped(_ plain: String) -> String {
        var out = ""
        for character in plain.unicodeScalars {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case _: out.unicodeScalars.append(character)
            }
        }
        return out
    }
}
