// Observed errors and their meaning: one row each, the first that matches counts. Pure.
//
// Sources: SPEC the published OpenAPI document; PY, NODE the official SDKs; DOC the provider's guides; OBS a live reply
// quoted in a public thread; names of programs their source or documentation; "default" a considered choice.

/// One row. All signs that are given must be there.
struct FaultRow: Equatable, Sendable {
    /// HTTP status; 200 for an answer whose own status is `failed`, 0 for a batch line that was never run.
    var status: ClosedRange<Int>?
    /// One of these as `code` or as `type`.
    var codes: Set<String> = []
    var param: FailedParam.Kind?
    /// Part of the message, compared without regard to case.
    var words: String?
    /// The reply has, or has not, the provider's own form.
    var isFromProvider: Bool?
    /// Only for replies to this operation. A batch line counts as `createResponse`.
    var operation: ProviderOperation?
    let meaning: FaultMeaning
    let source: String

    func matches(_ failure: APIFailure, status: Int, _ operation: ProviderOperation) -> Bool {
        if let range = self.status, !range.contains(status) { return false }
        if let only = self.operation, only != operation { return false }
        if let own = isFromProvider, own != failure.isFromProvider { return false }
        if !codes.isEmpty, !codes.contains(failure.code ?? ""), !codes.contains(failure.type ?? "") { return false }
        if let param, param != FailedParam(failure.param).kind { return false }
        if let words, failure.message?.lowercased().contains(words.lowercased()) != true { return false }
        return true
    }
}

/// The `param` of an error: the place in the request that it names.
struct FailedParam: Equatable {
    enum Kind: Hashable, Sendable {
        case none, model
        /// The lot's content: `input`, `input[0].content[0].text`, `messages[1]`, `prompt`.
        case input
        /// `input[0].content[3].image_url`, `url`.
        case picture
        /// Any other member of the body; and members of `input` that are the same in every line, such as `detail`.
        case form
    }

    let kind: Kind
    /// The index of the content part.
    let part: Int?

    init(_ param: String?) {
        guard let param, !param.isEmpty else {
            (kind, part) = (.none, nil)
            return
        }
        let part = Self.part(of: param)
        let last = param.split(separator: ".").last ?? ""
        self.part = part
        kind =
            if param == "model" {
                .model
            } else if ["detail", "type", "role"].contains(last) {
                .form
            } else if param == "url" || param.contains("image") || part.map({ $0 > 0 }) == true {
                .picture
            } else if ["input", "messages", "prompt"].contains(where: param.hasPrefix) {
                .input
            } else {
                .form
            }
    }

    /// Returns 3 for `input[0].content[3].image_url`.
    private static func part(of param: String) -> Int? {
        guard let found = param.firstRange(of: "content[") else { return nil }
        return Int(param[found.upperBound...].prefix { $0.isNumber })
    }
}

enum FaultTable {
    static let rows = pictures + content + account + models + limits + form + service + defaults

    private static let pictures: [FaultRow] = [
        FaultRow(
            codes: ["failed_to_download_image", "invalid_image_url"], meaning: .download, source: "SPEC ResponseError"),
        FaultRow(
            codes: [
                "image_parse_error", "invalid_image", "invalid_image_format", "unsupported_image_media_type",
                "empty_image_file",
            ], meaning: .download, source: "SPEC ResponseError; the provider may get other bytes than this service"),
        FaultRow(
            codes: [
                "image_too_large", "image_too_small", "image_file_too_large", "image_content_policy_violation",
                "invalid_image_mode", "invalid_base64_image", "image_file_not_found",
            ], meaning: .picture, source: "SPEC ResponseError"),
        FaultRow(codes: ["invalid_base64"], meaning: .picture, source: "OBS 400 on a data URL"),
        FaultRow(
            words: "patches after processing", meaning: .picture,
            source: "OBS 400 invalid_value, param input: over 30,000 patches"),
        FaultRow(
            words: "total image size", meaning: .pictures, source: "OBS 400: exceeds the allowed limit of 50MB"),
        FaultRow(codes: ["too_many_images"], meaning: .pictures, source: "Azure"),
        FaultRow(words: "too many images", meaning: .pictures, source: "Azure"),
        FaultRow(words: "image(s) may be provided", meaning: .pictures, source: "vLLM: At most 1 image(s)"),
        FaultRow(words: "while downloading", meaning: .download, source: "OBS vercel/ai#8857: 400, param url"),
        FaultRow(words: "failed to download", meaning: .download, source: "OBS LibreChat#5101"),
        FaultRow(
            words: "unsupported image", meaning: .download, source: "OBS 400: make sure your image is valid"),
        FaultRow(words: "represent a valid image", meaning: .download, source: "OBS 400, code invalid_image"),
        FaultRow(words: "could not process image", meaning: .picture, source: "Anthropic behind LiteLLM: 400"),
        FaultRow(words: "cannot identify image file", meaning: .picture, source: "vLLM: Pillow's words"),
        FaultRow(
            status: 400...499, param: .picture, meaning: .download,
            source: "OBS 400 invalid_value: Expected a valid URL; Timeout while downloading"),
    ]

    private static let content: [FaultRow] = [
        FaultRow(
            codes: [
                "content_filter", "content_policy_violation", "moderation_blocked", "invalid_prompt", "bio_policy",
                "cyber_policy", "misalignment_policy_violation", "ResponsibleAIPolicyViolation",
            ], meaning: .lot, source: "SPEC ResponseError; Azure content_filter"),
        FaultRow(status: 400...403, words: "content management policy", meaning: .lot, source: "Azure: 400"),
        FaultRow(status: 403...403, words: "moderation", meaning: .lot, source: "OpenRouter: 403, flagged input"),
        FaultRow(
            codes: ["context_length_exceeded", "string_above_max_length"], meaning: .lot,
            source: "OBS 400: the input is too long for the model"),
        FaultRow(
            status: 429...429, words: "request too large", meaning: .oversized,
            source: "OBS 429 rate_limit_exceeded, type tokens: Limit 30000, Requested 48000"),
        FaultRow(
            status: 429...429, words: "must be reduced", meaning: .oversized,
            source: "OBS 429: the input or output tokens must be reduced"),
        FaultRow(
            status: 413...413, operation: .createResponse, meaning: .pictures,
            source: "nginx client_max_body_size; Anthropic request_too_large"),
    ]

    private static let account: [FaultRow] = [
        FaultRow(
            codes: ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"], meaning: .quota,
            source: "DOC guides/error-codes"),
        FaultRow(codes: ["budget_exceeded"], meaning: .quota, source: "LiteLLM: 400, type budget_exceeded"),
        FaultRow(words: "exceeded your current quota", meaning: .quota, source: "DOC guides/error-codes: 429"),
        FaultRow(status: 402...402, meaning: .quota, source: "OpenRouter: 402, insufficient credits"),
        FaultRow(
            codes: [
                "invalid_api_key", "account_deactivated", "access_terminated", "invalid_organization",
                "mismatched_organization", "unsupported_country_region_territory", "data_residency_mismatch",
            ], meaning: .account, source: "DOC guides/error-codes; SPEC ResponseError"),
        FaultRow(words: "invalid url (", meaning: .account, source: "OBS 404: Invalid URL (POST /v1/...)"),
        FaultRow(status: 404...404, codes: ["Not Found"], meaning: .account, source: "vLLM: no such endpoint"),
        FaultRow(
            status: 404...404, isFromProvider: true, operation: .uploadFile, meaning: .account,
            source: "default: there is no object that could be missing"),
        FaultRow(
            status: 404...404, words: "file", isFromProvider: true, operation: .createBatch, meaning: .lot,
            source: "OBS 404: No such File object"),
        FaultRow(
            status: 404...404, isFromProvider: true, operation: .createBatch, meaning: .account,
            source: "default: no such endpoint"),
    ]

    private static let models: [FaultRow] = [
        FaultRow(
            codes: ["model_not_found", "unsupported_model"], meaning: .model, source: "OBS litellm PR 39457: 404, 400"),
        FaultRow(codes: ["DeploymentNotFound"], meaning: .model, source: "Azure: 404"),
        FaultRow(
            status: 400...404, words: "is not a valid model id", meaning: .model, source: "OpenRouter: 400"),
        FaultRow(status: 400...404, words: "invalid model name", meaning: .model, source: "LiteLLM: 400"),
        FaultRow(status: 400...499, param: .model, meaning: .model, source: "default: param model"),
        FaultRow(
            status: 404...404, isFromProvider: true, operation: .createResponse, meaning: .model,
            source: "vLLM: type NotFoundError, code 404; LiteLLM: code \"404\""),
        FaultRow(status: 410...410, operation: .createResponse, meaning: .model, source: "OBS 410: model retired"),
    ]

    private static let limits: [FaultRow] = [
        FaultRow(
            codes: ["rate_limit_exceeded", "slow_down", "token_limit_exceeded", "resource_unavailable"],
            meaning: .rate, source: "DOC guides/error-codes; OBS openai-python#2084"),
        FaultRow(status: 429...429, meaning: .rate, source: "PY _should_retry"),
    ]

    private static let form: [FaultRow] = [
        FaultRow(
            status: 413...413, operation: .uploadFile, meaning: .lot, source: "OBS curator#610: 413 at 158 MB"),
        FaultRow(
            status: 400...400, words: "too large", operation: .uploadFile, meaning: .lot,
            source: "OBS curator PR 113: File is too large."),
        FaultRow(
            codes: [
                "unknown_parameter", "unsupported_parameter", "unsupported_value", "invalid_json_schema",
                "invalid_type", "missing_required_parameter",
            ], meaning: .form, source: "OBS eva-agent#83; SPEC"),
        FaultRow(status: 400...499, param: .input, meaning: .lot, source: "default: param input"),
        FaultRow(
            status: 400...499, param: .form, meaning: .form,
            source: "default: any other param, such as max_output_tokens or text.format"),
        FaultRow(
            status: 400...499, words: "not supported with this model", meaning: .form,
            source: "OBS 400 without a code: of type 'json_schema' is not supported with this model"),
        FaultRow(
            status: 400...499, words: "invalid schema for", meaning: .form, source: "OBS xsai#202, adk-go#1178"),
        FaultRow(
            status: 400...499, words: "json body", meaning: .form, source: "OBS 400: could not parse the JSON body"),
    ]

    private static let service: [FaultRow] = [
        FaultRow(
            codes: ["server_error", "internal_error", "vector_store_timeout", "server_is_overloaded"],
            meaning: .service, source: "SPEC ResponseError; DOC guides/error-codes"),
        FaultRow(codes: ["batch_expired", "batch_cancelled"], meaning: .service, source: "OBS warmbly PR 333"),
    ]

    /// Errors whose code and words say nothing.
    private static let defaults: [FaultRow] = [
        FaultRow(status: 0...0, meaning: .service, source: "SPEC BatchRequestOutput: the line was never run"),
        FaultRow(status: 200...299, meaning: .lot, source: "default: an answer that failed"),
        FaultRow(status: 401...401, meaning: .account, source: "DOC guides/error-codes"),
        FaultRow(status: 403...403, isFromProvider: true, meaning: .account, source: "DOC guides/error-codes"),
        FaultRow(status: 405...405, isFromProvider: true, meaning: .account, source: "default: no such endpoint"),
        FaultRow(status: 408...408, meaning: .between, source: "PY _should_retry"),
        FaultRow(status: 409...409, meaning: .service, source: "PY _should_retry"),
        FaultRow(status: 300...399, meaning: .between, source: "default: a redirect of a gateway"),
        FaultRow(status: 403...407, isFromProvider: false, meaning: .between, source: "default: a gateway's page"),
        FaultRow(status: 400...499, meaning: .unexplained, source: "default: an unknown refusal"),
        FaultRow(status: 500...599, isFromProvider: true, meaning: .service, source: "DOC guides/error-codes"),
        FaultRow(status: 500...599, meaning: .between, source: "default: a gateway's page"),
        FaultRow(meaning: .between, source: "default: no status of HTTP"),
    ]
}
