// The only place that builds HTML as text, so that nothing goes out unescaped. A value.
import Engine

struct HTML {
    /// A nil attribute is left out; an empty one is written (`hidden=""`).
    typealias Attributes = KeyValuePairs<String, String?>

    private(set) var text = ""

    /// Adds text, escaped for content and for attributes in double quotes alike.
    mutating func say(_ plain: String) { text += HTML.escaped(plain) }

    /// Adds an element with attributes and the content from `body`.
    mutating func element(_ name: String, _ attributes: Attributes, _ body: (inout HTML) -> Void) {
        open(name, attributes)
        body(&self)
        text += "</\(name)>"
    }

    mutating func element(_ name: String, _ body: (inout HTML) -> Void) { element(name, [:], body) }

    /// Adds an element around a text.
    mutating func element(_ name: String, _ attributes: Attributes, _ plain: String) {
        element(name, attributes) { $0.say(plain) }
    }

    mutating func element(_ name: String, _ plain: String) { element(name, [:], plain) }

    /// Adds an element without content and end tag: `meta`, `link`, `input`.
    mutating func void(_ name: String, _ attributes: Attributes) { open(name, attributes) }

    /// Adds a link to a path of this service.
    mutating func link(_ target: String, _ plain: String) { element("a", ["href": target], plain) }

    /// Adds a link to an outside address. An address that is neither http nor https stays text.
    mutating func outsideLink(_ address: String) {
        guard address.hasPrefix("https://") || address.hasPrefix("http://") else {
            return element("code", address)
        }
        element("a", ["href": address, "rel": "noreferrer noopener nofollow", "target": "_blank"], address)
    }

    /// Writes a model's text, which is HTML: the few tags without attributes that ``DamageHTML`` allows.
    ///
    /// `AnswerReader` cleaned it before it was stored. It is cleaned again here, at the only place that writes markup
    /// unescaped: a stored text can be older than the present rules of ``DamageHTML``.
    mutating func description(_ damages: String) { text += DamageHTML.clean(damages) }

    /// Names are constants of this program; any other text here would bypass the escaping.
    private mutating func open(_ name: String, _ attributes: Attributes) {
        precondition(HTML.isName(name), "not the name of an element")
        text += "<" + name
        for (key, value) in attributes {
            guard let value else { continue }
            precondition(HTML.isName(key), "not the name of an attribute")
            text += " \(key)=\"\(HTML.escaped(value))\""
        }
        text += ">"
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
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
