// Checks the body of POST /v1/responses. The order of the checks is the order of the errors. Thread: any.
import Engine

/// A request that has passed every rule.
struct CheckedRequest: Sendable {
    let model: SimModel
    let input: CheckedInput
    /// The schema of the answer; nil: free text.
    let schema: JSONValue?
    let maxOutputTokens: Int?
    let body: JSONValue

    /// Deterministic, in the order of magnitude of the real count: 4 characters per token, a fixed number per picture.
    var inputTokens: Int { TokenEstimate.input(body, input) }
}

enum TokenEstimate {
    static let reasoning = 64

    static func input(_ body: JSONValue, _ input: CheckedInput) -> Int {
        let instructions = body["instructions"]?.string?.unicodeScalars.count ?? 0
        let schema = body["text"].map { $0.bytes.count } ?? 0
        let pictures = input.pictures.reduce(0) { $0 + ($1.detail == "low" ? 85 : 1100) }
        return (input.characters + instructions + schema) / 4 + pictures + 8
    }

    static func text(_ text: String) -> Int { text.unicodeScalars.count / 4 + 1 }
}

struct RequestRules: Sendable {
    var models: ModelCatalog

    func check(_ body: JSONValue) throws(APIError) -> CheckedRequest {
        guard let members = body.members else {
            throw APIError(400, "We could not parse the JSON body of your request: an object is expected.")
        }
        try checkFields(members)
        guard let name = body.present("model")?.string else { throw .missing("model") }
        guard let input = body.present("input") else { throw .missing("input") }
        guard let model = models.model(name) else { throw .modelNotFound(name) }
        try checkSampling(body, model)
        try checkReasoning(body, model)
        try checkLimits(body, model)
        if let metadata = body.present("metadata") { try FieldTable.checkMetadata(metadata) }
        let schema = try TextFormatRules.check(body)
        let checked = try InputRules.check(input)
        if !model.takesImages, !checked.pictures.isEmpty {
            throw .invalid(
                "Invalid content type. image_url is only supported by certain models.", param: "input",
                code: "invalid_value")
        }
        return CheckedRequest(
            model: model, input: checked, schema: schema, maxOutputTokens: body.present("max_output_tokens")?.int,
            body: body)
    }

    private func checkFields(_ members: [(String, JSONValue)]) throws(APIError) {
        for (name, value) in members {
            if let replacement = FieldTable.chatNames[name] {
                throw .invalid(
                    "Unsupported parameter: '\(name)'. In the Responses API, this parameter has moved to "
                        + "'\(replacement)'.",
                    param: name, code: "unsupported_parameter")
            }
            guard let kind = FieldTable.responses[name] else { throw .unknown(name) }
            if value.isNull { continue }
            try kind.check(value, name)
            if FieldTable.notSimulated.contains(name)
                || (["stream", "background"].contains(name) && value.bool == true)
            {
                throw APIError(501, "'\(name)' is not simulated here.", type: "server_error", param: name)
            }
        }
    }

    /// Reasoning models refuse `temperature` and `top_p`, whatever their value.
    private func checkSampling(_ body: JSONValue, _ model: SimModel) throws(APIError) {
        guard model.reasons else { return }
        for name in ["temperature", "top_p", "top_logprobs"] where body.present(name) != nil {
            throw .unsupported(name)
        }
    }

    private func checkReasoning(_ body: JSONValue, _ model: SimModel) throws(APIError) {
        guard let reasoning = body.present("reasoning"), let members = reasoning.members else { return }
        guard model.reasons else { throw .unsupported("reasoning.effort") }
        for (name, value) in members where !value.isNull {
            switch name {
            case "effort":
                try FieldKind.checkChoice(
                    value, "reasoning.effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max"])
                guard model.efforts.contains(value.string ?? "") else {
                    throw .unsupportedValue(
                        value.string ?? "", "reasoning.effort", model: model.name, supported: model.efforts)
                }
            case "summary", "generate_summary":
                try FieldKind.checkChoice(value, "reasoning.\(name)", ["auto", "concise", "detailed"])
            case "mode", "context": try FieldKind.checkString(value, "reasoning.\(name)", max: nil)
            default: throw .unknown("reasoning.\(name)")
            }
        }
    }
}

extension RequestRules {
    /// Checks for parameters that the API knows and this model refuses.
    fileprivate func checkLimits(_ body: JSONValue, _ model: SimModel) throws(APIError) {
        if !model.takesCacheOptions, body.present("prompt_cache_options") != nil {
            throw .unsupported("prompt_cache_options")
        }
        for path in model.refuses {
            var value: JSONValue? = body
            for name in path.split(separator: ".") { value = value?.present(String(name)) }
            if value != nil { throw .unsupported(path) }
        }
        guard let most = model.outputTokensMax, let asked = body.present("max_output_tokens")?.int, asked > most else {
            return
        }
        throw .invalid(
            "max_output_tokens is too large: \(asked). This model supports at most \(most) completion tokens, whereas "
                + "you provided \(asked).", param: "max_output_tokens", code: "invalid_value")
    }
}

/// `text`: format and verbosity.
enum TextFormatRules {
    /// The schema of a `json_schema` format, `{}`'s stand-in for `json_object`, or nil for free text.
    static func check(_ body: JSONValue) throws(APIError) -> JSONValue? {
        guard let text = body.present("text") else { return nil }
        for (name, value) in text.members ?? [] where !value.isNull {
            switch name {
            case "format": continue
            case "verbosity": try FieldKind.checkChoice(value, "text.verbosity", ["low", "medium", "high"])
            default: throw .unknown("text.\(name)")
            }
        }
        guard let format = text.present("format") else { return nil }
        guard format.members != nil else { throw .wrongType("text.format", expected: "an object", got: format) }
        guard let type = format.present("type") else { throw .missing("text.format.type") }
        try FieldKind.checkChoice(type, "text.format.type", ["text", "json_object", "json_schema"])
        guard type.string == "json_schema" else {
            try refuseExtras(format, allowed: ["type"])
            return type.string == "text" ? nil : anyObject
        }
        return try checkSchemaFormat(format)
    }

    /// `json_object` without a schema answers an object with one text.
    private static let anyObject: JSONValue = ["type": "object", "properties": ["text": ["type": "string"]]]

    private static func checkSchemaFormat(_ format: JSONValue) throws(APIError) -> JSONValue {
        try refuseExtras(format, allowed: ["type", "name", "schema", "strict", "description"])
        guard let name = format.present("name") else { throw .missing("text.format.name") }
        try FieldKind.checkString(name, "text.format.name", max: 64)
        let nameText = name.string ?? ""
        guard !nameText.isEmpty, nameText.utf8.allSatisfy(isNameByte) else {
            throw .invalid(
                "Invalid 'text.format.name': string does not match pattern. Expected a string that matches the pattern "
                    + "'^[a-zA-Z0-9_-]+$'.", param: "text.format.name", code: "invalid_value")
        }
        guard let schema = format.present("schema") else { throw .missing("text.format.schema") }
        try FieldKind.object.check(schema, "text.format.schema")
        if let strict = format.present("strict") { try FieldKind.boolean.check(strict, "text.format.strict") }
        if let description = format.present("description") {
            try FieldKind.checkString(description, "text.format.description", max: nil)
        }
        if format.present("strict")?.bool == true { try SchemaRules.check(schema, name: nameText) }
        return schema
    }

    private static func refuseExtras(_ format: JSONValue, allowed: [String]) throws(APIError) {
        for (name, _) in format.members ?? [] where !allowed.contains(name) { throw .unknown("text.format.\(name)") }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
