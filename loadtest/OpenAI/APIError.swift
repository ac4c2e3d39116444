// OpenAI's error shape: {"error": {"message", "type", "param", "code"}}. Thread: any.
import Engine

/// An error in the form of the real API.
public struct APIError: Error, Sendable {
    public var status: Int
    public var message: String
    public var type: String
    public var param: String?
    public var code: String?
    /// Replaces `code` on the wire: some gateways send a number.
    var wireCode: JSONValue?
    /// The text of `Retry-After`.
    var retryAfter: String?
    /// Other headers of the reply.
    var headers: [(String, String)] = []

    public init(
        _ status: Int, _ message: String, type: String = "invalid_request_error", param: String? = nil,
        code: String? = nil
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
    }

    public var json: JSONValue {
        [
            "error": [
                "message": .string(message), "type": .string(type), "param": JSONValue(param),
                "code": wireCode ?? JSONValue(code),
            ]
        ]
    }
}

extension APIError {
    static func invalid(_ message: String, param: String?, code: String) -> APIError {
        APIError(400, message, param: param, code: code)
    }

    static func missing(_ param: String) -> APIError {
        invalid("Missing required parameter: '\(param)'.", param: param, code: "missing_required_parameter")
    }

    static func unknown(_ param: String) -> APIError {
        invalid("Unknown parameter: '\(param)'.", param: param, code: "unknown_parameter")
    }

    static func wrongType(_ param: String, expected: String, got value: JSONValue) -> APIError {
        invalid(
            "Invalid type for '\(param)': expected \(expected), but got \(value.typeName) instead.", param: param,
            code: "invalid_type")
    }

    static func unsupportedValue(
        _ value: String, _ param: String, model: String, supported: [String]
    ) -> APIError {
        let list = supported.map { "'\($0)'" }.joined(separator: ", ")
        return invalid(
            "Unsupported value: '\(value)' is not supported with the '\(model)' model. Supported values are: \(list).",
            param: param, code: "unsupported_value")
    }

    static func unsupported(_ param: String, hint: String? = nil) -> APIError {
        let rest = hint.map { " \($0)" } ?? ""
        return invalid(
            "Unsupported parameter: '\(param)' is not supported with this model.\(rest)", param: param,
            code: "unsupported_parameter")
    }

    static func modelNotFound(_ model: String) -> APIError {
        APIError(404, "The model `\(model)` does not exist or you do not have access to it.", code: "model_not_found")
    }

    static func noSuchFile(_ id: String) -> APIError { APIError(404, "No such File object: \(id)", param: "id") }
    static func noSuchBatch(_ id: String) -> APIError { APIError(404, "No batch found with id '\(id)'.") }

    static let unauthorized = APIError(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.")
    static let wrongKey = APIError(401, "Incorrect API key provided.", code: "invalid_api_key")
}

extension ErrorMembers {
    /// The error of a fault: its own members, and those of `usual` for the rest.
    func error(or usual: APIError) -> APIError {
        var error = usual
        if let message { error.message = message }
        if let type { error.type = type }
        if let param { error.param = param }
        if let code { (error.code, error.wireCode) = (code.string, code) }
        switch retryAfter {
        case .string(let text): error.retryAfter = text
        case let number?: error.retryAfter = number.text
        case nil: break
        }
        return error
    }
}

extension JSONValue {
    var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int: "an integer"
        case .double: "a decimal number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The members of an object; nil for other values.
    var members: [(String, JSONValue)]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// A number as a double; nil for other values.
    var number: Double? {
        switch self {
        case .int(let number): Double(number)
        case .double(let number): number
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The member, unless it is absent or null.
    func present(_ key: String) -> JSONValue? {
        guard let value = self[key], !value.isNull else { return nil }
        return value
    }
}
