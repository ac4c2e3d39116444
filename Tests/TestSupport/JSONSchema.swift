// Checks values against the schemas of the API document: the subset of JSON Schema (2020-12) that the document uses.
// Thread: any.
import Engine
import Foundation

/// Schemas with the document that their references point into.
public struct JSONSchema: Sendable {
    private let document: JSONValue

    public init(document: JSONValue) { self.document = document }

    /// Keywords that restrict nothing.
    private static let annotations: Set<String> = ["description", "examples", "default", "format", "discriminator"]

    /// Each violation of `schema` by `value`, with its place; an unknown keyword is a violation too.
    public func problems(of value: JSONValue, in schema: JSONValue, at place: String = "#") -> [String] {
        guard case .object(let keywords) = schema else { return ["\(place): the schema is no object"] }
        return keywords.flatMap { keyword, rule in
            problems(of: value, keyword, rule, schema, place)
        }
    }

    private func matches(_ value: JSONValue, _ schema: JSONValue) -> Bool { problems(of: value, in: schema).isEmpty }

    private func problems(
        of value: JSONValue, _ keyword: String, _ rule: JSONValue, _ schema: JSONValue, _ place: String
    ) -> [String] {
        func unless(_ holds: Bool) -> [String] {
            holds ? [] : ["\(place): \(keyword) \(rule.text.prefix(200)) is broken by \(value.text.prefix(200))"]
        }
        switch keyword {
        case let name where Self.annotations.contains(name): return []
        case "$ref":
            guard let target = resolve(rule) else { return ["\(place): \(rule.text) leads nowhere"] }
            return problems(of: value, in: target, at: place)
        case "type": return unless((rule.array ?? [rule]).contains { Self.isOf($0.string ?? "", value) })
        case "const": return unless(value == rule)
        case "enum": return unless(rule.array?.contains(value) == true)
        case "not": return unless(!matches(value, rule))
        case "oneOf": return unless((rule.array ?? []).filter { matches(value, $0) }.count == 1)
        case "if":
            let branch = schema[matches(value, rule) ? "then" : "else"]
            return branch.map { problems(of: value, in: $0, at: place) } ?? []
        case "then", "else": return schema["if"] == nil ? ["\(place): \(keyword) without if"] : []
        case "minimum": return unless(value.double.map { $0 >= rule.double ?? .nan } ?? true)
        case "maximum": return unless(value.double.map { $0 <= rule.double ?? .nan } ?? true)
        case "minLength": return unless(value.string.map { $0.unicodeScalars.count >= rule.int ?? .max } ?? true)
        case "maxLength": return unless(value.string.map { $0.unicodeScalars.count <= rule.int ?? -1 } ?? true)
        case "pattern": return unless(value.string.map { Self.contains(rule.string ?? "", $0) } ?? true)
        case "minItems": return unless(value.array.map { $0.count >= rule.int ?? .max } ?? true)
        case "maxItems": return unless(value.array.map { $0.count <= rule.int ?? -1 } ?? true)
        case "uniqueItems": return unless(value.array.map { Set($0.map(\.text)).count == $0.count } ?? true)
        case "items":
            return (value.array ?? []).enumerated().flatMap { index, each in
                problems(of: each, in: rule, at: "\(place)/\(index)")
            }
        case "required":
            return unless(!value.isObject || (rule.array ?? []).allSatisfy { value[$0.string ?? ""] != nil })
        case "properties":
            return value.objectMembers.flatMap { name, each in
                rule[name].map { problems(of: each, in: $0, at: "\(place)/\(name)") } ?? []
            }
        case "additionalProperties":
            let named = Set(schema["properties"]?.memberNames ?? [])
            return value.objectMembers.filter { !named.contains($0.0) }.flatMap { name, each in
                rule == .bool(false)
                    ? ["\(place)/\(name) is not described"] : problems(of: each, in: rule, at: "\(place)/\(name)")
            }
        case _: return ["\(place): this checker does not know \(keyword)"]
        }
    }

    /// The target of a reference; other schemas are returned unchanged.
    public func resolved(_ value: JSONValue) -> JSONValue { value["$ref"].flatMap(resolve) ?? value }

    /// Follows `#/components/...`.
    private func resolve(_ reference: JSONValue) -> JSONValue? {
        guard let path = reference.string, path.hasPrefix("#/") else { return nil }
        return path.dropFirst(2).split(separator: "/").reduce(document as JSONValue?) { $0?[String($1)] }
    }

    private static func isOf(_ type: String, _ value: JSONValue) -> Bool {
        switch value {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .int: type == "integer" || type == "number"
        case .double: type == "number"
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }

    private static func contains(_ pattern: String, _ text: String) -> Bool {
        text.range(of: pattern, options: .regularExpression) != nil
    }
}

extension JSONValue {
    fileprivate var isObject: Bool {
        guard case .object = self else { return false }
        return true
    }
}
