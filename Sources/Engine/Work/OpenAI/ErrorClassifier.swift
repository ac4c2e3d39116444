// Converts a reply's status, head and body to an OpenAIError. Pure: a table in code, with a table of tests.

/// An error in the API's form: `{"error": {"message", "type", "param", "code"}}`; every part may be missing.
struct APIFailure: Equatable {
    /// Also a number, as some compatible servers send it.
    var code: String?
    var type: String?
    var param: String?
    var message: String?
    /// The provider's own form: an object `error` with a text `message`, or a text `error`. A gateway's page, an empty
    /// body, and `{"detail": "Not Found"}` of a web framework are not.
    private(set) var isFromProvider = false

    /// Takes the whole body of a reply. A gateway may send HTML; then all members are nil.
    init(_ body: JSONValue?) {
        switch body?["error"] {
        case .string(let text)?:
            self.init(error: nil)
            (message, isFromProvider) = (text, !text.isEmpty)
        case .object(let members)?:
            self.init(error: .object(members))
        case .null?, .bool?, .int?, .double?, .array?, nil:
            self.init(error: body)
            // Older compatible servers put the members beside `"object": "error"`.
            isFromProvider = isFromProvider && body?["object"]?.string == "error"
        }
    }

    /// Takes the `error` object alone, as in a batch line or in a failed answer.
    init(error: JSONValue?) {
        code = error?["code"].flatMap(Self.code)
        type = error?["type"]?.string
        param = error?["param"]?.string
        message = error?["message"]?.string
        isFromProvider = message != nil
    }

    private static func code(_ value: JSONValue) -> String? { value.string ?? value.int.map(String.init) }
}

enum ErrorClassifier {
    /// Classifies the error of a reply by its code; by its status if the code decides nothing.
    static func classify(status: Int, failure: APIFailure) -> OpenAIError {
        var error = OpenAIError(kind(status: status, failure), parameter: failure.param)
        // A 4xx is a refusal without effect. After a 5xx or 408 a gateway may have
        // lost the reply to a successful request.
        error.mayHaveArrived = status >= 500 || status == 408
        error.imageDownload = status < 500 && isImageDownload(failure)
        error.isFromProvider = failure.isFromProvider && !(300..<400).contains(status)
        return error
    }

    /// Classifies an answer whose own status is `failed`; it comes with HTTP 200.
    static func classify(failedAnswer failure: APIFailure) -> OpenAIError {
        var error = OpenAIError(kind(status: 200, failure), parameter: failure.param)
        error.mayHaveArrived = true
        error.imageDownload = isImageDownload(failure)
        error.isFromProvider = true
        return error
    }

    private static func kind(status: Int, _ failure: APIFailure) -> OpenAIError.Kind {
        switch failure.code ?? "" {
        case "insufficient_quota", "billing_hard_limit_reached", "billing_not_active": return .quota
        case "rate_limit_exceeded", "slow_down", "token_limit_exceeded": return .rateLimited
        case "model_not_found": return .modelNotFound
        default: break
        }
        if failure.type == "insufficient_quota" { return .quota }
        if status == 429 { return .rateLimited }
        let message = failure.message.map { SafeText.clean($0) } ?? "no readable explanation"
        return .api(status: status, code: failure.code.map { SafeText.clean($0, limit: 64) }, message: message)
    }

    /// Codes for an image that OpenAI could not fetch, or that differs from the image this service saw at the URL.
    private static let imageCodes: Set<String> = [
        "failed_to_download_image", "invalid_image_url", "image_parse_error", "invalid_image", "invalid_image_format",
        "unsupported_image_media_type", "empty_image_file",
    ]

    /// Seen live: 400, code `invalid_value`, param `url`, "Timeout while downloading https://...".
    private static func isImageDownload(_ failure: APIFailure) -> Bool {
        if imageCodes.contains(failure.code ?? "") { return true }
        guard let param = failure.param, param == "url" || param.hasSuffix("image_url") else {
            return failure.message?.contains("while downloading") ?? false
        }
        return failure.code == nil || failure.code == "invalid_value"
    }
}

extension OpenAIError {
    /// Creates the error of an HTTP reply that is not 2xx.
    /// - Parameter key: hidden if the reply repeats it; keys of other servers than OpenAI's may have any form.
    package init(status: Int, headers: (String) -> String?, body: [UInt8], key: String, now: Timestamp) {
        var failure = APIFailure(try? JSONValue.parse(body))
        if !key.isEmpty { failure.message = failure.message?.replacing(key, with: "[hidden]") }
        self = ErrorClassifier.classify(status: status, failure: failure)
        retryAfter = RetryPolicy.retryAfter(headers: headers, now: now)
        if status == 429, retryAfter == nil { retryAfter = RateLimitHeaders.reset(headers) }
        shouldRetry = headers("x-should-retry").flatMap { ["true": true, "false": false][$0.lowercased()] }
        requestID = headers("x-request-id").map { SafeText.clean($0, limit: 100) }
    }
}

extension ProviderMetrics.Outcome {
    init(_ error: OpenAIError) {
        self =
            switch error.kind {
            case .api(let status, _, _): status >= 500 ? .serverError : .refused
            case .quota: .quota
            case .modelNotFound: .modelNotFound
            case .rateLimited: .rateLimited
            case .unavailable: .unreachable
            case .timedOut: .timedOut
            case .refused, .incomplete, .malformed: .malformed
            case .sourceFailed, .cancelled: .cancelled
            }
    }
}
