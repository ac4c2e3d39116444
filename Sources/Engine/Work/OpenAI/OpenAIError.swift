// Why a call to OpenAI brought nothing, and what can be done about it. A value; any thread. No member holds a secret.

/// A failed call, as its caller has to see it: what happened, whether it may have been acted on, what could cure it.
public struct OpenAIError: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// It answered with an error that has no case of its own. `status` is 200 for an answer whose own status is
        /// `failed`, and 0 for a batch's line that was never run.
        case api(status: Int, code: String?, message: String)
        /// The account has no money left; waiting does not cure it.
        case quota
        /// No such model, or not for this key (any more).
        case modelNotFound
        /// 429: too many requests or tokens, or too fast a rise; ``retryAfter`` says when to come back if it is known.
        case rateLimited
        /// No connection, or it broke.
        case unavailable
        case timedOut
        /// The model would not answer; its words.
        case refused(String)
        /// The answer was cut: `max_output_tokens` or `content_filter`.
        case incomplete(String)
        /// A reply that is not what the API promises.
        case malformed(String)
        /// Our own source of an upload's bytes failed.
        case sourceFailed
        case cancelled
    }

    public var kind: Kind
    /// The request may have been acted on: an act that must not be repeated blindly has to be looked for first.
    public var mayHaveArrived: Bool
    /// Seconds after which OpenAI wants to be asked again.
    public var retryAfter: Double?
    /// `x-request-id`, for OpenAI's support.
    public var requestID: String?
    /// The request's parameter that the API complained about.
    public var parameter: String?
    /// An image could not be fetched by OpenAI or was something else there than here: inlining the images may cure
    /// it. When they were inlined already, nothing does.
    public var imageDownload: Bool
    /// What the failed answer cost all the same.
    public var usage: Usage?
    /// `x-should-retry`: the server's own word.
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
    /// Sending the request again may help, as it is or (``imageDownload``) with its images inlined.
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

    /// It is the account's trouble and not the request's: no request fares better until somebody has seen to it, and
    /// none is to blame.
    public var isOfAccount: Bool {
        switch kind {
        case .quota, .modelNotFound, .api(401, _, _), .api(403, _, _): true
        case .api, .rateLimited, .unavailable, .timedOut, .refused, .incomplete, .malformed, .sourceFailed, .cancelled:
            false
        }
    }

    /// Codes of a failed answer that may go away by themselves.
    private static let passingCodes: Set<String> = ["server_error", "vector_store_timeout", "server_is_overloaded"]

    /// The model takes no temperature: send again without it.
    public var refusesTemperature: Bool {
        guard case .api(_, let code, _) = kind, parameter == "temperature" else { return false }
        return code == "unsupported_parameter" || code == "unsupported_value"
    }
}

extension OpenAIError: CustomStringConvertible {
    /// One sentence fit for an integrator's eyes: no key, no account, bounded length. Serves as `openai_error` and as
    /// the `error` of a failed lot.
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
