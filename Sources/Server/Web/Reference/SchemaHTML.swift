// A JSON schema as a nested list: name, type, bounds, meaning. Pure.
import Engine

enum SchemaHTML {
    /// Writes everything about a schema: its description, bounds and members.
    static func write(_ schema: JSONValue, to html: inout HTML) {
        if let description = schema["description"]?.string { Prose.write(description, to: &html) }
        bounds(schema, to: &html)
        members(schema, to: &html)
        for example in schema["examples"]?.array ?? [] where isStructured(example) {
            html.element("details") { html in
                html.element("summary", "Example")
                json(example, to: &html)
            }
        }
    }

    /// Writes the type: `array of Lot`, with a link for a schema of this document.
    static func kind(_ schema: JSONValue, to html: inout HTML) {
        if let name = name(of: schema) { return html.link("#schema-" + name, name) }
        if let choices = schema["oneOf"]?.array {
            for (index, choice) in choices.enumerated() {
                if index > 0 { html.say(" or ") }
                kind(choice, to: &html)
            }
            return
        }
        let names = schema["type"]?.array?.compactMap(\.string) ?? [schema["type"]?.string ?? "any"]
        html.say(names.joined(separator: " or "))
        if let element = schema["items"] {
            html.say(" of ")
            kind(element, to: &html)
        }
    }

    static func json(_ value: JSONValue, to html: inout HTML) {
        html.element("pre") { $0.element("code", value.indented) }
    }

    private static func name(of schema: JSONValue) -> String? {
        schema["$ref"]?.string?.split(separator: "/").last.map(String.init)
    }

    private static func isStructured(_ value: JSONValue) -> Bool {
        switch value {
        case .array, .object: true
        case .null, .bool, .int, .double, .string: false
        }
    }

    // MARK: Members

    private static func members(_ schema: JSONValue, to html: inout HTML) {
        if case .object(let all)? = schema["properties"] {
            let required = schema["required"]?.array?.compactMap(\.string) ?? []
            html.element("dl", ["class": "members"]) { html in
                for (name, member) in all { one(name, member, isRequired: required.contains(name), to: &html) }
            }
        }
        if let element = schema["items"], element["properties"] != nil || element["description"] != nil {
            html.element("div", ["class": "inner"]) { html in
                html.element("p", ["class": "kind"]) { html in
                    html.say("each: ")
                    kind(element, to: &html)
                }
                write(element, to: &html)
            }
        }
        if let values = schema["additionalProperties"], case .object = values {
            html.element("p", ["class": "kind"]) { html in
                html.say("each value: ")
                kind(values, to: &html)
            }
        }
    }

    private static func one(_ name: String, _ member: JSONValue, isRequired: Bool, to html: inout HTML) {
        html.element("dt") { html in
            html.element("code", name)
            html.say(" ")
            html.element("span", ["class": "kind"]) { kind(member, to: &$0) }
            if !isRequired { html.element("span", ["class": "optional"], " optional") }
        }
        html.element("dd") { write(member, to: &$0) }
    }

    // MARK: Bounds

    private static func bounds(_ schema: JSONValue, to html: inout HTML) {
        let all =
            range(schema, "minLength", "maxLength", "characters") + range(schema, "minItems", "maxItems", "elements")
            + range(schema, "minimum", "maximum", "") + words(schema)
        guard !all.isEmpty else { return }
        html.element("ul", ["class": "bounds"]) { html in
            for (label, value) in all {
                html.element("li") { html in
                    html.say(label + " ")
                    html.element("code", value)
                }
            }
        }
    }

    private static func range(_ schema: JSONValue, _ low: String, _ high: String, _ unit: String) -> [(String, String)]
    {
        let label = unit.isEmpty ? "range" : unit
        return switch (schema[low], schema[high]) {
        case (nil, nil): []
        case (let low?, nil): low == 0 ? [] : [(label, "\(low.text) or more")]
        case (nil, let high?): [(label, "up to \(high.text)")]
        case (let low?, let high?): [(label, low == high ? low.text : "\(low.text) to \(high.text)")]
        }
    }

    private static func words(_ schema: JSONValue) -> [(String, String)] {
        var all: [(String, String)] = []
        if let word = schema["const"] { all.append(("always", word.text)) }
        for word in schema["enum"]?.array ?? [] { all.append(("or", word.text)) }
        if !all.isEmpty, schema["enum"] != nil { all[0].0 = "one of" }
        if let pattern = schema["pattern"]?.string { all.append(("pattern", pattern)) }
        if let format = schema["format"]?.string { all.append(("format", format)) }
        if let fallback = schema["default"] { all.append(("default", fallback.text)) }
        for example in schema["examples"]?.array ?? [] where !isStructured(example) {
            all.append(("example", example.text))
        }
        return all
    }
}

extension JSONValue {
    /// Text for people: two spaces per level, short arrays of plain values on one line.
    var indented: String { indented(at: 0) }

    private func indented(at level: Int) -> String {
        let inner = String(repeating: "  ", count: level + 1)
        let outer = String(repeating: "  ", count: level)
        switch self {
        case .object(let members) where !members.isEmpty:
            let lines = members.map { inner + JSONValue.string($0.0).text + ": " + $0.1.indented(at: level + 1) }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + outer + "}"
        case .array(let elements) where !elements.isEmpty:
            if text.count < 60, !text.contains("{") { return text }
            return "[\n" + elements.map { inner + $0.indented(at: level + 1) }.joined(separator: ",\n") + "\n" + outer
                + "]"
        case .null, .bool, .int, .double, .string, .array, .object: return text
        }
    }
}
