// Converts a failed call to the error of synchronous mode (C4.5). Pure.

extension ServiceError {
    /// Default of `retry_after` if OpenAI sends none, seconds; the document's example.
    static let openAIRetrySeconds = 60

    /// C4.5: 500 if OpenAI answered with an error, 502 if it could not be reached, 504 if it took too long.
    public init(_ error: OpenAIError) {
        let seconds = error.retryAfter.map { Int($0.rounded(.up)) } ?? Self.openAIRetrySeconds
        switch error.kind {
        case .unavailable:
            self.init(.openAIUnavailable, error.reason, retryAfter: seconds)
        case .timedOut: self.init(.openAITimeout, "OpenAI did not answer in time", retryAfter: seconds)
        case .cancelled: self.init(.serviceUnavailable, "The request was cancelled", retryAfter: seconds)
        case .api, .quota, .modelNotFound, .rateLimited, .refused, .incomplete, .malformed, .sourceFailed:
            let details: JSONValue = ["openai_error": .string(error.reason), "retry_after": .int(seconds)]
            self.init(.openAIError, "OpenAI API request failed", details: details, retryAfter: seconds)
        }
    }
}
