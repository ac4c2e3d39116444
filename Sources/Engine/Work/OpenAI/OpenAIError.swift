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
    /// The cause and its details if ``FaultTable`` has found them. Read ``fault``.
    var meaning: FaultMeaning?
    /// The index of the content part that the error names.
    var part: Int?
    /// The number of pictures that the error allows.
    var allowed: Int?
    /// The provider's code and message, or those of the resolver or of TLS; cleaned. For the log.
    var words: String?
    /// The reply had the provider's own JSON form: an object `error` with a text `message`, or a text `error`. False
    /// for a gateway's page, an empty body, a redirect, and a call without a reply.
    public internal(set) var isFromProvider = false
    /// The lot has no picture left: the provider refused the last one, or leaving some out did not help.
    var isWithoutPictures = false
    /// Cost of the failed answer.
    public var usage: Usage?
    /// `x-should-retry`: the server's own statement.
    var shouldRetry: Bool?

    public init(
        _ kind: Kind, mayHaveArrived: Bool = false, retryAfter: Double? = nil, requestID: String? = nil,
        parameter: String? = nil, usage: Usage? = nil
    ) {
        self.kind = kind
        self.mayHaveArrived = mayHaveArrived
        self.retryAfter = retryAfter
        self.requestID = requestID
        self.parameter = parameter
        self.usage = usage
    }
}

extension OpenAIError {
    /// Whose fault it is.
    public var fault: ProviderFault {
        switch cause {
        case .lot, .unexplained, .oversized: .lot
        case .picture, .download: .picture(part: part)
        case .pictures: .pictures(atMost: allowed)
        case .form: .form
        case .model: .model
        case .account, .quota: .account
        case .rate, .service: .service
        case .between: .between
        }
    }

    /// The row's meaning; for an error that no reply has brought, that of its kind.
    var cause: FaultMeaning {
        if let meaning { return meaning }
        switch kind {
        case .api(let status, let code, let message):
            let failure = APIFailure(error: ["code": JSONValue(code), "message": .string(message)])
            return ErrorClassifier.row(status: status, failure, .listModels).meaning
        case .quota: return .quota
        case .modelNotFound: return .model
        case .rateLimited: return .rate
        case .unavailable, .timedOut, .sourceFailed, .cancelled: return .between
        case .refused, .incomplete, .malformed: return .lot
        }
    }

    /// OpenAI could not load a picture, or got different content than this service. Sending the pictures inline may
    /// help; if they were inline already, the picture is left out.
    public var imageDownload: Bool { cause == .download }

    /// True if sending the lot again may help: unchanged, with inlined pictures, or without a picture.
    public var curable: Bool {
        switch kind {
        case .incomplete(let reason): reason != "content_filter"
        case .malformed: true
        case .refused, .sourceFailed, .cancelled: false
        case .api, .quota, .modelNotFound, .rateLimited, .unavailable, .timedOut: fault.isPassing || fault.isOfPictures
        }
    }

    /// True if the error concerns the account instead of the request: every request fails until the operator acts or
    /// another model is used, and no request counts as tried.
    public var isOfAccount: Bool { fault == .account || fault == .model }

    /// A refused list of models proves that the provider can be reached and knows the key: a key may lack the
    /// permission, and a server may lack the list. An invalid key proves nothing, nor does a gateway without its
    /// server.
    public var provesReachable: Bool {
        switch kind {
        case .api(let status, let code, let message):
            if status == 401 { return code != "invalid_api_key" && message.lowercased().contains("scope") }
            return (400..<500).contains(status) && status != 407 && status != 408
        case .rateLimited, .quota, .modelNotFound: return true
        case .unavailable, .timedOut, .refused, .incomplete, .malformed, .sourceFailed, .cancelled: return false
        }
    }

    /// True if the provider did not answer the call and will not: it refused the call itself, or never got it. False
    /// for a call that was too slow or whose connection broke, and for a gateway that gave up waiting: behind it the
    /// provider may still be at work, and bill.
    public var hasSurelyFailed: Bool {
        if !mayHaveArrived { return true }
        // Gateways that speak the provider's language, such as LiteLLM, say that they gave up by the status.
        if case .api(let status, _, _) = kind, [408, 502, 504].contains(status) { return false }
        return isFromProvider
    }

    /// Returns the error with the cost of all tries so far, to which it adds its own.
    func adding(to spent: inout Usage) -> OpenAIError {
        var error = self
        spent += usage ?? .zero
        error.usage = spent == .zero ? nil : spent
        return error
    }
}

extension OpenAIError: CustomStringConvertible {
    /// One sentence that integrators may see: no key, no account, bounded length. Used as
    /// `openai_error` and as the `error` of a failed lot.
    public var reason: String { isWithoutPictures ? "\(LineInput.noImages). \(what)" : what }

    private var what: String {
        switch kind {
        case .api(0, let code, let message):
            "OpenAI did not run the request\(code.map { " (\($0))" } ?? ""): \(message)"
        case .api(200..<300, let code, let message):
            "OpenAI could not answer\(code.map { " (\($0))" } ?? ""): \(message)"
        case .api(401, let code, let message):
            "OpenAI refused the service's credentials\(code.map { " (\($0))" } ?? ""): \(message)"
        case .api(let status, let code, let message):
            "OpenAI answered \(status)\(code.map { " (\($0))" } ?? ""): \(message)"
        case .quota: "The service's OpenAI quota is used up"
        case .modelNotFound: "None of the configured OpenAI models is available\(words.map { " (\($0))" } ?? "")"
        case .rateLimited: "OpenAI's rate limit was reached"
        case .unavailable: "OpenAI could not be reached\(words.map { ": \($0)" } ?? "")"
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
