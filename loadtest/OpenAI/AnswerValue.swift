// Builds a value that conforms to a JSON Schema, with the simulated texts in its strings. Thread: any.
import Engine

/// Walks the schema of a request; `SimulatedAnswer`'s rules supply the strings.
struct AnswerValue {
    let root: JSONValue
    let input: CheckedInput

    /// Below this depth a recursive schema is cut with its null or empty branch.
    private static let depthMax = 12

    var value: JSONValue { value(of: root, property: "text", depth: 0) }

    /// The text for the property `name` (or for a request without a schema, with the name `en`).
    func text(_ name: String) -> String {
        if !input.pictures.isEmpty { return SimulatedAnswer.text(imageKeys: input.pictures.map(\.key)) }
        return SimulatedAnswer.text(english: input.userText, language: name)
    }

    private func value(of node: JSONValue, property: String, depth: Int) -> JSONValue {
        if let reference = node["$ref"]?.string {
            guard depth < AnswerValue.depthMax, let target = resolve(reference) else { return .null }
            return value(of: target, property: property, depth: depth + 1)
        }
        if let constant = node["const"] { return constant }
        if let first = node["enum"]?.array?.first { return first }
        if let choices = node["anyOf"]?.array {
            let wanted = depth < AnswerValue.depthMax ? choices.first { $0["type"]?.string != "null" } : nil
            return value(of: wanted ?? ["type": "null"], property: property, depth: depth + 1)
        }
        return typed(node, property: property, depth: depth)
    }

    private func typed(_ node: JSONValue, property: String, depth: Int) -> JSONValue {
        let types = node["type"]?.array?.compactMap(\.string) ?? [node["type"]?.string ?? "null"]
        switch types.first(where: { $0 != "null" }) ?? "null" {
        case "string": return .string(text(property))
        case "integer": return .int(node["minimum"]?.int ?? 0)
        case "number": return node["minimum"] ?? .int(0)
        case "boolean": return false
        case "array":
            guard let items = node["items"], depth < AnswerValue.depthMax else { return [] }
            let count = max(1, node["minItems"]?.int ?? 1)
            return .array((0..<count).map { _ in value(of: items, property: property, depth: depth + 1) })
        case "object":
            let members = node["properties"]?.members ?? []
            return .object(members.map { ($0.0, value(of: $0.1, property: $0.0, depth: depth + 1)) })
        default: return .null
        }
    }

    /// `#/$defs/name` within the root schema.
    private func resolve(_ reference: String) -> JSONValue? {
        var node: JSONValue? = root
        for step in reference.dropFirst().split(separator: "/") { node = node?[String(step)] }
        return node
    }
}
