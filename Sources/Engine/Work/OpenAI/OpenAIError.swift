// The reason why a call to OpenAI failed, and the possible cure. A value; any thread. No member contains a secret.

/// A failed call as its caller needs it: the error, whether the request may
/// have had an effect, and the possible cure.
public struct OpenAIError: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// An error answer without a case of its own. `status` is 200 for an answer whose own status is `failed`, and
        /// 0 for a batch line that was never run.
        case api(status: Int, code: String?, message: String)
        /// The account has no money left; waiting does not help.
        case quota
        /// The model does not exist, or is not available to this key.
        case modelNotFound
        /// 429: too many requests or tokens, or too fast an increase. ``retryAfter`` is set if OpenAI states a time.
        case rateLimited
        /// No connection, or it broke.
        case unavailable
        case timedOut
        /// The model refused to answer; its words.
        case refused(String)
        /// The answer was truncated: `max_output_tokens` or `content_filter`.
        case incomplete(String)
        /// A reply that does not follow the API's specification.
        case malformed(String)
        /// The source of an upload's bytes failed.
        case sourceFailed
        case cancelled
    }

    public var kind: Kind
    /// The request may have had an effect. If it must not be repeated blindly, first search for that effect.
    public var mayHaveArrived: Bool
    /// Seconds until OpenAI accepts another request.
    public var retryAfter: Double?
    /// `x-request-id`, for OpenAI's support.
    public var requestID: String?
    /// The request's parameter that the API rejected.
    public var parameter: String?
    /// OpenAI could not fetch an image, or got different content than this service. Inlining the images may help; if
    /// they were inlined already, nothing does.
    public var imageDownload: Bool
    /// The reply had the provider's own JSON form: an object `error` with a text `message`, or a text `error`. False
    /// for a gateway's page, an empty body, a redirect, and a call without a reply.
    public internal(set) var isFromProvider = false
    /// Cost of the failed answer.
    public var usage: Usage?
    /// `x-should-retry`: the server's own statement.
    var shouldRetry: Bool?

    public init(
        _ kind: Kind, mayHaveArrived: Bool = false, retryAfter: Double? = nil, requestID: String? = nil,
        parameter: String? = nil, imageDownload: Bool = false, usage: Usage? = nil
    ) {
        self.kind = kind
        self.mayHaveArrived = mayHaveArrived
        self.retryAfter = retryAfter
        self.requestID = requestID
        self.parameter = parameter
        self.imageDownload = imageDownload
        self.usage = usage
    }
}

extension OpenAIError {
    /// True if sending the request again may help, unchanged or (``imageDownload``) with inlined images.
    public var curable: Bool {
        switch kind {
        case .api(let status, let code, _):
            imageDownload || [0, 408, 409].contains(status) || status >= 500
                || (status < 300 && Self.passingCodes.contains(code ?? ""))
        case .incomplete(let reason): reason != "content_filter"
        case .rateLimited, .unavailable, .timedOut, .malformed: true
        case .quota, .modelNotFound, .refused, .sourceFailed, .cancelled: false
        }
    }

    /// True if the error concerns the account instead of the request: every request fails until the operator acts,
    /// and no request counts as tried.
    public var isOfAccount: Bool {
        switch kind {
        case .quota, .modelNotFound, .api(401, _, _), .api(403, _, _): true
        case .api, .rateLimited, .unavailable, .timedOut, .refused, .incomplete, .malformed, .sourceFailed, .cancelled:
            false
        }
    }

    /// Codes of a failed answer that may be temporary.
    private static let passingCodes: Set<String> = ["server_error", "vector_store_timeout", "server_is_overloaded"]

    /// True if the model accepts no temperature: send the request without it.
    public var refusesTemperature: Bool {
        guard case .api(_, let code, _) = kind, parameter == "temperature" else { return false }
        return code == "unsupported_parameter" || code == "unsupported_value"
    }
}

extension OpenAIError: CustomStringConvertible {
    /// One sentence that integrators may see: no key, no account, bounded length. Used as
    /// `openai_error` and as the `error` of a failed lot.
    public var reason: String {
        switch kind {
        case .api(0, let code, let message):
            "OpenAI did not run the request\(code.map { " (\($0))" } ?? ""): \(message)"
        case .api(200..<300, let code, let message):
            "OpenAI could not answer\(code.map { " (\($0))" } ?? ""): \(message)"
        case .api(401, _, _), .api(403, _, _): "OpenAI refused the service's credentials"
        case .api(let status, let code, let message):
            "OpenAI answered \(status)\(code.map { " (\($0))" } ?? ""): \(message)"
        case .quota: "The service's OpenAI quota is used up"
        case .modelNotFound: "None of the configured OpenAI models is available"
        case .rateLimited: "OpenAI's rate limit was reached"
        case .unavailable: "OpenAI could not be reached"
        case .timedOut: "OpenAI did not answer in time"
        case .refused(let words): "The model refused to describe this lot: \(words)"
        case .incomplete(let reason): "The model's answer was cut short (\(reason))"
        case .malformed(let what): "OpenAI's answer could not be used: \(what)"
        case .sourceFailed: "The upload to OpenAI could not be read to its end"
        case .cancelled: "The call to OpenAI was cancelled"
        }
    }

    public var description: String { requestID.map { "\(reason) [request \($0)]" } ?? reason }
}
