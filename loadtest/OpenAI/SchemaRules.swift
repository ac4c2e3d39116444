// The strict subset of JSON Schema for structured outputs. Thread: any.
// This checker refuses each keyword without a published confirmation: a service that passes here also passes the real
// API.
import Engine

struct SchemaRules {
    private let name: String
    private var properties = 0
    private var enumValues = 0

    static let depthMax = 10
    static let propertiesMax = 5000
    static let enumValuesMax = 1000

    private static let refused: Set<String> = [
        "allOf", "oneOf", "contains", "contentEncoding", "contentMediaType", "contentSchema", "dependentRequired",
        "dependentSchemas", "dependencies", "if", "then", "else", "not", "minContains", "maxContains", "minProperties",
        "maxProperties", "patternProperties", "prefixItems", "propertyNames", "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "minLength", "maxLength",
        "default",
    ]

    private static let types: Set<String> = ["string", "number", "integer", "boolean", "object", "array", "null"]

    /// Checks a strict schema; the error names the place as the real API does.
    static func check(_ schema: JSONValue, name: String) throws(APIError) {
        var rules = SchemaRules(name: name)
        guard schema["anyOf"] == nil, schema["type"]?.string == "object" else {
            throw rules.error([], "schema must be a JSON Schema of 'type: \"object\"', got another root.")
        }
        try rules.checkNode(schema, [], depth: 0)
        for key in ["$defs", "definitions"] {
            for (definition, node) in schema[key]?.members ?? [] {
                try rules.checkNode(node, [key, definition], depth: 0)
            }
        }
    }

    private init(name: String) { self.name = name }

    private mutating func checkNode(_ node: JSONValue, _ path: [String], depth: Int) throws(APIError) {
        guard let members = node.members else { throw error(path, "schema must be an object.") }
        guard depth <= SchemaRules.depthMax else { throw error(path, "schema is nested too deeply (10 levels).") }
        for (key, _) in members where SchemaRules.refused.contains(key) {
            throw error(path, "'\(key)' is not permitted.")
        }
        if let reference = node["$ref"] {
            guard members.count == 1 else { throw error(path, "$ref cannot have keywords beside it.") }
            guard reference.string?.hasPrefix("#") == true else {
                throw error(path, "$ref must point into this schema.")
            }
            return
        }
        if let choices = node["anyOf"] {
            guard let nodes = choices.array, !nodes.isEmpty else {
                throw error(path, "'anyOf' must be a non-empty array.")
            }
            for (index, choice) in nodes.enumerated() {
                try checkNode(choice, path + ["anyOf", "\(index)"], depth: depth)
            }
        }
        try checkEnum(node, path)
        try checkTypes(node, path, depth: depth)
    }

    private mutating func checkEnum(_ node: JSONValue, _ path: [String]) throws(APIError) {
        guard let choices = node["enum"] else { return }
        guard let values = choices.array, !values.isEmpty else {
            throw error(path, "'enum' must be a non-empty array.")
        }
        enumValues += values.count
        guard enumValues <= SchemaRules.enumValuesMax else { throw error(path, "too many enum values (1000).") }
    }

    private mutating func checkTypes(_ node: JSONValue, _ path: [String], depth: Int) throws(APIError) {
        guard let type = node["type"] else {
            if node["anyOf"] == nil, node["enum"] == nil, node["const"] == nil {
                throw error(path, "schema must have a 'type' key.")
            }
            return
        }
        let names = type.array?.compactMap(\.string) ?? [type.string ?? ""]
        for name in names where !SchemaRules.types.contains(name) {
            throw error(path, "'\(name)' is not a valid type.")
        }
        if names.contains("object") { try checkObject(node, path, depth: depth) }
        if names.contains("array") {
            guard let items = node["items"] else { throw error(path, "array schema missing items.") }
            try checkNode(items, path + ["items"], depth: depth + 1)
        }
    }

    private mutating func checkObject(_ node: JSONValue, _ path: [String], depth: Int) throws(APIError) {
        guard node["additionalProperties"]?.bool == false else {
            throw error(path, "'additionalProperties' is required to be supplied and to be false.")
        }
        let described = node["properties"]?.members ?? []
        properties += described.count
        guard properties <= SchemaRules.propertiesMax else { throw error(path, "too many properties (5000).") }
        let required = Set(node["required"]?.array?.compactMap(\.string) ?? [])
        for (property, _) in described where !required.contains(property) {
            throw error(
                path,
                "'required' is required to be supplied and to be an array including every key in properties. "
                    + "Missing '\(property)'.")
        }
        for property in required where !described.contains(where: { $0.0 == property }) {
            throw error(path, "Extra required key '\(property)' supplied.")
        }
        for (property, child) in described {
            try checkNode(child, path + ["properties", property], depth: depth + 1)
        }
    }

    private func error(_ path: [String], _ text: String) -> APIError {
        let context = path.map { "'\($0)'" }.joined(separator: ", ")
        return .invalid(
            "Invalid schema for response_format '\(name)': In context=(\(context)), \(text)",
            param: "text.format.schema",
            code: "invalid_json_schema")
    }
}
