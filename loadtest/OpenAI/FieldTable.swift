// The top-level fields of POST /v1/responses with their types and ranges. Thread: any.
import Engine

/// The rule for a field's value.
enum FieldKind: Sendable {
    case string(max: Int?)
    case choice([String])
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case boolean
    case object
    case array
    case stringOrArray
    case stringOrObject

    func check(_ value: JSONValue, _ path: String) throws(APIError) {
        switch self {
        case .string(let max): try FieldKind.checkString(value, path, max: max)
        case .choice(let choices): try FieldKind.checkChoice(value, path, choices)
        case .integer(let range): try FieldKind.checkInteger(value, path, range)
        case .number(let range): try FieldKind.checkNumber(value, path, range)
        case .boolean:
            if value.bool == nil { throw .wrongType(path, expected: "a boolean", got: value) }
        case .object:
            if value.members == nil { throw .wrongType(path, expected: "an object", got: value) }
        case .array:
            if value.array == nil { throw .wrongType(path, expected: "an array", got: value) }
        case .stringOrArray:
            if value.array == nil, value.string == nil {
                throw .wrongType(path, expected: "one of a string or an array", got: value)
            }
        case .stringOrObject:
            if value.members == nil, value.string == nil {
                throw .wrongType(path, expected: "one of a string or an object", got: value)
            }
        }
    }

    static func checkString(_ value: JSONValue, _ path: String, max: Int?) throws(APIError) {
        guard let text = value.string else { throw .wrongType(path, expected: "a string", got: value) }
        guard let max, text.unicodeScalars.count > max else { return }
        throw .invalid(
            "Invalid '\(path)': string too long. Expected a string with maximum length \(max), but got a string with "
                + "length \(text.unicodeScalars.count) instead.", param: path, code: "string_above_max_length")
    }

    static func checkChoice(_ value: JSONValue, _ path: String, _ choices: [String]) throws(APIError) {
        guard let text = value.string else { throw .wrongType(path, expected: "a string", got: value) }
        guard !choices.contains(text) else { return }
        let list = choices.map { "'\($0)'" }.joined(separator: ", ")
        throw .invalid(
            "Invalid value: '\(text)'. Supported values are: \(list).", param: path, code: "invalid_value")
    }

    private static func checkInteger(_ value: JSONValue, _ path: String, _ range: ClosedRange<Int>) throws(APIError) {
        guard case .int(let number) = value else { throw .wrongType(path, expected: "an integer", got: value) }
        if number < range.lowerBound {
            throw .invalid(
                "Invalid '\(path)': integer below minimum value. Expected a value >= \(range.lowerBound), but "
                    + "got \(number) instead.", param: path, code: "integer_below_min_value")
        }
        if number > range.upperBound {
            throw .invalid(
                "Invalid '\(path)': integer above maximum value. Expected a value <= \(range.upperBound), but "
                    + "got \(number) instead.", param: path, code: "integer_above_max_value")
        }
    }

    private static func checkNumber(_ value: JSONValue, _ path: String, _ range: ClosedRange<Double>) throws(APIError) {
        guard let number = value.number else { throw .wrongType(path, expected: "a decimal", got: value) }
        guard !range.contains(number) else { return }
        let isBelow = number < range.lowerBound
        throw .invalid(
            "Invalid '\(path)': decimal \(isBelow ? "below minimum" : "above maximum") value. Expected a value "
                + "\(isBelow ? ">= \(range.lowerBound)" : "<= \(range.upperBound)"), but got \(number) instead.",
            param: path,
            code: isBelow ? "decimal_below_min_value" : "decimal_above_max_value")
    }
}

enum FieldTable {
    static let responses: [String: FieldKind] = [
        "background": .boolean, "context_management": .array, "conversation": .stringOrObject, "include": .array,
        "input": .stringOrArray, "instructions": .string(max: nil), "max_output_tokens": .integer(16...1_000_000),
        "max_tool_calls": .integer(0...1_000_000), "metadata": .object, "model": .string(max: nil),
        "moderation": .object,
        "parallel_tool_calls": .boolean, "previous_response_id": .string(max: nil), "prompt": .object,
        "prompt_cache_key": .string(max: nil), "prompt_cache_options": .object,
        "prompt_cache_retention": .choice(["in-memory", "in_memory", "24h"]), "reasoning": .object,
        "safety_identifier": .string(max: 64),
        "service_tier": .choice(["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"]),
        "store": .boolean, "stream": .boolean, "stream_options": .object, "temperature": .number(0...2),
        "text": .object,
        "tool_choice": .stringOrObject, "tools": .array, "top_logprobs": .integer(0...20), "top_p": .number(0...1),
        "truncation": .choice(["auto", "disabled"]), "user": .string(max: nil),
    ]

    /// Names of Chat Completions, with their names in the Responses API.
    static let chatNames: [String: String] = [
        "messages": "input", "max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens",
        "response_format": "text.format", "functions": "tools", "n": "input",
    ]

    /// Fields that change the API's behaviour in ways outside this simulator.
    static let notSimulated: Set<String> = ["previous_response_id", "conversation", "prompt"]

    /// At most 16 pairs, key at most 64 characters, value a string of at most 512.
    static func checkMetadata(_ value: JSONValue, _ path: String = "metadata") throws(APIError) {
        guard let members = value.members else { throw .wrongType(path, expected: "an object", got: value) }
        if members.count > 16 {
            throw .invalid(
                "Invalid '\(path)': too many properties. Expected an object with at most 16 properties, but got "
                    + "\(members.count) instead.", param: path, code: "object_above_max_properties")
        }
        for (key, entry) in members {
            if key.unicodeScalars.count > 64 {
                throw .invalid(
                    "Invalid property name in '\(path)': string too long. Expected at most 64 characters.", param: path,
                    code: "property_above_max_length")
            }
            try FieldKind.checkString(entry, "\(path).\(key)", max: 512)
        }
    }
}
