// Decides whether and when a call is retried. Pure; the caller passes the random number and the time.

/// The official SDKs' rules, except that an exhausted quota is not retried and a deadline bounds everything.
public struct RetryPolicy: Sendable {
    /// Most requests in total, including the first.
    public var tries = 3
    /// 0.5 s to 8 s, less up to a quarter, so that callers that failed together do not retry together.
    public var backOff = BackOff(firstSeconds: 0.5, mostSeconds: 8, spread: 0.25)
    /// A longer `Retry-After` is returned to the caller instead of being waited for.
    public var longestObeyedSeconds = 60.0

    public init() {}

    /// - Parameters:
    ///   - retriesDone: 0 after the first failure.
    ///   - remainingSeconds: until the caller's deadline.
    ///   - random: 0..<1.
    /// - Returns: seconds to wait before the next try, or nil to give up.
    public func delay(
        after error: OpenAIError, retriesDone: Int, remainingSeconds: Double, random: Double
    ) -> Double? {
        guard retriesDone + 1 < tries, Self.isWorthRetrying(error) else { return nil }
        let delay = error.retryAfter ?? backOff(retriesDone: retriesDone, random: random)
        return delay <= longestObeyedSeconds && delay < remainingSeconds ? delay : nil
    }

    func backOff(retriesDone: Int, random: Double) -> Double {
        backOff.delay(failures: retriesDone + 1, jitter: 1 - random)
    }

    /// Refusals and truncated answers are excluded, because the same request would cost money twice.
    private static func isWorthRetrying(_ error: OpenAIError) -> Bool {
        switch error.kind {
        case .quota, .modelNotFound, .refused, .incomplete, .malformed, .sourceFailed, .cancelled: return false
        case .rateLimited, .unavailable, .timedOut: return error.shouldRetry ?? true
        case .api(let status, _, _):
            if error.cause == .oversized { return false }
            return error.shouldRetry ?? (status == 408 || status == 409 || status >= 500)
        }
    }

    /// Returns the seconds until the server accepts the next request: `retry-after-ms`, else
    /// `Retry-After` in seconds or as a date.
    static func retryAfter(headers: (String) -> String?, now: Timestamp) -> Double? {
        if let text = headers("retry-after-ms"), let milliseconds = Double(text),
            let seconds = sane(milliseconds / 1000)
        {
            return seconds
        }
        guard let text = headers("retry-after") else { return nil }
        if let seconds = Double(text) { return sane(seconds) }
        return HTTPDate.parse(text).flatMap { sane($0 - now) }
    }

    /// Longest wait that a server may ask for, seconds. A longer one is cut, because a job's time is bounded and the
    /// answer may be ready long before.
    static let longestAskedSeconds = 600.0

    private static func sane(_ seconds: Double) -> Double? {
        seconds > 0 && seconds.isFinite ? min(seconds, longestAskedSeconds) : nil
    }
}
