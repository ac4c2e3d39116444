// The forms of JSON Schema (2020-12) that the API's document uses. Pure.
import Engine

/// A member of an object's schema.
struct Member {
    let name: String
    let schema: JSONValue
    let isRequired: Bool

    static func required(_ name: String, _ schema: JSONValue) -> Member {
        Member(name: name, schema: schema, isRequired: true)
    }

    static func optional(_ name: String, _ schema: JSONValue) -> Member {
        Member(name: name, schema: schema, isRequired: false)
    }
}

/// Makes schemas. Each has a description; bounds are inclusive.
enum Schema {
    typealias Keywords = [(String, JSONValue)]

    static func ref(_ name: String) -> JSONValue {
        .object([("$ref", .string("#/components/schemas/" + name))])
    }

    /// A reference with its own description, which 2020-12 allows.
    static func ref(_ name: String, _ description: String) -> JSONValue {
        ref(name).with([("description", .string(description))])
    }

    static func text(
        _ description: String, _ characters: ClosedRange<Int>? = nil, pattern: String? = nil, format: String? = nil,
        examples: [JSONValue] = []
    ) -> JSONValue {
        var more: Keywords = []
        if let characters {
            more.append(("minLength", .int(characters.lowerBound)))
            if characters.upperBound < Int.max { more.append(("maxLength", .int(characters.upperBound))) }
        }
        if let pattern { more.append(("pattern", .string(pattern))) }
        if let format { more.append(("format", .string(format))) }
        return make("string", description, more, examples)
    }

    /// One of several strings.
    static func choice(_ description: String, _ words: [String], examples: [JSONValue] = []) -> JSONValue {
        make("string", description, [("enum", JSONValue(words))], examples)
    }

    /// Always the same string.
    static func constant(_ word: String, _ description: String) -> JSONValue {
        make("string", description, [("const", .string(word))], [])
    }

    static func integer(
        _ description: String, _ range: ClosedRange<Int> = 0...Int.max, examples: [JSONValue] = []
    ) -> JSONValue {
        var more: Keywords = [("minimum", .int(range.lowerBound))]
        if range.upperBound < Int.max { more.append(("maximum", .int(range.upperBound))) }
        return make("integer", description, more, examples)
    }

    /// A number from 0 to 100.
    static func percentage(_ description: String, examples: [JSONValue] = []) -> JSONValue {
        make("number", description, [("minimum", 0), ("maximum", 100)], examples)
    }

    static func flag(_ description: String, examples: [JSONValue] = []) -> JSONValue {
        make("boolean", description, [], examples)
    }

    static func list(
        _ description: String, of element: JSONValue, _ count: ClosedRange<Int> = 0...Int.max, unique: Bool = false,
        examples: [JSONValue] = []
    ) -> JSONValue {
        var more: Keywords = [("items", element)]
        if count.lowerBound > 0 { more.append(("minItems", .int(count.lowerBound))) }
        if count.upperBound < Int.max { more.append(("maxItems", .int(count.upperBound))) }
        if unique { more.append(("uniqueItems", true)) }
        return make("array", description, more, examples)
    }

    /// An object of a reply: these members and no others.
    static func object(_ description: String, _ members: [Member], examples: [JSONValue] = []) -> JSONValue {
        make("object", description, keywords(members) + [("additionalProperties", false)], examples)
    }

    /// An object of a reply, with an example that ``sample(of:_:)`` makes.
    static func object(_ description: String, _ members: [Member], sample changes: Changes) -> JSONValue {
        object(description, members, examples: [sample(of: object(description, members), changes)])
    }

    /// An object of a request: unknown members are ignored (C1.2).
    static func openObject(_ description: String, _ members: [Member], examples: [JSONValue] = []) -> JSONValue {
        make("object", description, keywords(members), examples)
    }

    /// An object with arbitrary member names.
    static func map(_ description: String, to value: JSONValue, examples: [JSONValue] = []) -> JSONValue {
        make("object", description, [("additionalProperties", value)], examples)
    }

    /// The same value, or null. Not for references.
    static func nullable(_ schema: JSONValue) -> JSONValue {
        guard case .object(let members) = schema else { return schema }
        return .object(
            members.map { name, value in name == "type" ? (name, .array([value, "null"])) : (name, value) })
    }

    private static func keywords(_ members: [Member]) -> Keywords {
        var all: Keywords = []
        let required = members.filter(\.isRequired).map(\.name)
        if !required.isEmpty { all.append(("required", JSONValue(required))) }
        all.append(("properties", .object(members.map { ($0.name, $0.schema) })))
        return all
    }

    private static func make(
        _ type: String, _ description: String, _ more: Keywords, _ examples: [JSONValue]
    ) -> JSONValue {
        var all: Keywords = [("type", .string(type)), ("description", .string(description))] + more
        if !examples.isEmpty { all.append(("examples", .array(examples))) }
        return .object(all)
    }
}

// MARK: - Examples

extension Schema {
    /// Members whose sample values differ from the examples of their own schemas.
    typealias Changes = [String: JSONValue]

    /// An object in the form of a schema: its required members with the examples of their schemas. `changes` replaces
    /// values and may add optional members.
    static func sample(of schema: JSONValue, _ changes: Changes = [:]) -> JSONValue {
        guard case .object(let properties)? = schema["properties"] else { preconditionFailure("no object's schema") }
        precondition(changes.keys.allSatisfy { schema["properties"]?[$0] != nil }, "no such member")
        let required = schema["required"]?.array ?? []
        return .object(
            properties.compactMap { name, member in
                if let change = changes[name] { return (name, change) }
                return required.contains(.string(name)) ? (name, example(of: member)) : nil
            })
    }

    /// The first example that a schema names or implies. A reference has none.
    static func example(of schema: JSONValue) -> JSONValue {
        if let named = schema["examples"]?.array?.first ?? schema["const"] { return named }
        if let element = schema["items"] { return .array([example(of: element)]) }
        return sample(of: schema)
    }
}

extension JSONValue {
    /// The object with further members at its end.
    func with(_ more: [(String, JSONValue)]) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members + more)
    }
}

// MARK: - Common forms

extension Schema {
    static let sampleJob = "550e8400-e29b-41d4-a716-446655440000"
    static let sampleDelivery = "9b2d3f60-6a53-4d0e-9d0c-0f8f6f5f7a11"

    static func uuid(_ description: String, example: String) -> JSONValue {
        text(
            description, pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", format: "uuid",
            examples: [.string(example)])
    }

    static let jobID = uuid("The job's id.", example: sampleJob)

    /// UTC, whole seconds.
    static func time(_ description: String, example: String = "2025-08-05T07:30:00Z") -> JSONValue {
        text(
            description, pattern: #"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"#, format: "date-time",
            examples: [.string(example)])
    }

    /// Any characters except NUL, which PostgreSQL cannot store (C2.2).
    static let withoutNUL = #"^[^\u0000]*$"#
}
