// Errors of OpenAI, of compatible servers and of gateways, as they were observed. Values; any thread.
import Engine

/// An error with all its members, for lines and routes of a fault plan.
struct ProviderError: Sendable {
    let name: String
    let members: [(String, JSONValue)]

    init(
        _ name: String, _ status: Int, code: JSONValue? = nil, type: String = "invalid_request_error",
        param: String? = nil, retryAfter: JSONValue? = nil, _ message: String
    ) {
        self.name = name
        var members: [(String, JSONValue)] = [
            ("fault", "error"), ("status", .int(status)), ("type", .string(type)), ("message", .string(message)),
        ]
        if let code { members.append(("code", code)) }
        if let param { members.append(("param", .string(param))) }
        if let retryAfter { members.append(("retry_after", retryAfter)) }
        self.members = members
    }

    /// An entry of a plan, with more members.
    func fault(_ more: (String, JSONValue)...) -> String { JSONValue.object(members + more).text }

    // MARK: Whose fault

    /// One lot's.
    static let lots = [
        ProviderError(
            "content policy", 400, code: "content_policy_violation",
            "Your request was rejected as a result of our safety system."),
        ProviderError(
            "invalid_prompt", 400, code: "invalid_prompt", "Invalid prompt: flagged as violating our policy."),
        ProviderError(
            "context length", 400, code: "context_length_exceeded", param: "input",
            "Your input exceeds the context window of this model. Please adjust your input and try again."),
        requestTooLarge,
    ]

    static let requestTooLarge = ProviderError(
        "Request too large", 429, code: "rate_limit_exceeded", type: "tokens",
        "Request too large for o4-mini in organization org-x on tokens per min (TPM): Limit 30000, Requested 48000. "
            + "The input or output tokens must be reduced in order to run successfully.")

    /// One picture's: the code, and the parameter and message if they do not name a part.
    static let tooManyPatches = ProviderError(
        "patches", 400, code: "invalid_value", param: "input",
        "The image you provided requires 41334 patches after processing, exceeding the limit of 30000. Please resize "
            + "the image and try again.")

    /// All lines': the form of the request.
    static let forms = [
        ProviderError(
            "text.format", 400, param: "text.format",
            "Invalid parameter: 'text.format' of type 'json_schema' is not supported with this model."),
        ProviderError(
            "unknown_parameter", 400, code: "unknown_parameter", param: "store", "Unknown parameter: 'store'."),
        ProviderError(
            "invalid_json_schema", 400, code: "invalid_json_schema", param: "text.format.schema",
            "Invalid schema for response_format 'damage_description'."),
        ProviderError(
            "instructions", 400, code: "invalid_type", param: "instructions",
            "Invalid type for 'instructions': expected an array, but got a string instead."),
    ]

    /// The model's: it is gone.
    static let modelGone = [
        ProviderError(
            "404", 404, code: "model_not_found", "The model `o4-mini` does not exist or you do not have access."),
        ProviderError("400", 400, code: "model_not_found", "The requested model 'o4-mini' does not exist."),
        ProviderError("410", 410, "The model o4-mini has been shut down."),
        ProviderError("vLLM", 404, code: 404, type: "NotFoundError", "The model `o4-mini` does not exist."),
        ProviderError(
            "LiteLLM 404", 404, code: "404", type: "None",
            "litellm.NotFoundError: OpenAIException - The model `o4-mini` does not exist"),
        ProviderError(
            "LiteLLM 400", 400, code: "400", type: "None",
            "/responses: Invalid model name passed in model=o4-mini. Call `/v1/models` to view available models."),
        ProviderError(
            "Azure", 404, code: "DeploymentNotFound",
            "The API deployment for this resource does not exist. If you created the deployment within the last 5 "
                + "minutes, please wait a moment and try again."),
        ProviderError("OpenRouter", 400, code: 400, "o4-mini is not a valid model ID"),
        ProviderError(
            "unsupported_model", 400, code: "unsupported_model", param: "model",
            "The requested model 'o4-mini' is not supported with this API."),
    ]

    /// The account's, and passing troubles of the service: everything waits.
    static let passing = [
        ProviderError(
            "insufficient_quota", 429, code: "insufficient_quota", type: "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details."),
        ProviderError(
            "billing_hard_limit_reached", 400, code: "billing_hard_limit_reached", "Billing hard limit has been reached"
        ),
        ProviderError("401", 401, code: "invalid_api_key", "Incorrect API key provided: sk-simulated."),
        ProviderError(
            "403", 403, code: "unsupported_country_region_territory", type: "request_forbidden",
            "Country, region, or territory not supported"),
        ProviderError("429", 429, code: "rate_limit_exceeded", type: "requests", retryAfter: 1, "Rate limit reached."),
        ProviderError("slow_down", 429, code: "slow_down", type: "rate_limit_error", "Slow down."),
        ProviderError(
            "overloaded", 503, code: "server_is_overloaded", type: "service_unavailable_error", retryAfter: "1",
            "Our servers are currently overloaded. Please try again later."),
        ProviderError(
            "500", 500, code: "server_error", type: "server_error",
            "The server had an error while processing your request."),
    ]

    /// An upload that is too large.
    static let tooLarge = [
        ProviderError("400", 400, param: "file", "File is too large."),
        ProviderError("413", 413, "Maximum content size limit (26214400) exceeded (27000000 bytes read)"),
    ]
}
