// Whether and when a call is made again. Pure; chance and time come from outside.

/// The official SDKs' rules, except that a spent quota is not asked again, and that a deadline bounds everything.
public struct RetryPolicy: Sendable {
    /// Requests in all, the first one included.
    public var tries = 3
    public var baseSeconds = 0.5
    public var longestSeconds = 8.0
    /// A longer `Retry-After` is handed to the caller instead of being sat out.
    public var longestObeyedSeconds = 60.0

    public init() {}

    /// - Parameters:
    ///   - retriesDone: 0 after the first failure.
    ///   - remainingSeconds: until the caller's deadline.
    ///   - random: 0..<1.
    /// - Returns: seconds to wait before the next try; nil: give up.
    public func delay(
        after error: OpenAIError, retriesDone: Int, remainingSeconds: Double, random: Double
    ) -> Double? {
        guard retriesDone + 1 < tries, Self.isWorthRetrying(error) else { return nil }
        let delay = error.retryAfter ?? backOff(retriesDone: retriesDone, random: random)
        return delay <= longestObeyedSeconds && delay < remainingSeconds ? delay : nil
    }

    /// min(0.5 * 2^n, 8) s, less up to a quarter, so that callers that failed together do not come back together.
    func backOff(retriesDone: Int, random: Double) -> Double {
        var delay = baseSeconds
        for _ in 0..<min(retriesDone, 16) { delay *= 2 }
        return min(delay, longestSeconds) * (1 - 0.25 * random)
    }

    /// A model's refusal or cut answer is not among these: the same bytes would be paid for twice.
    private static func isWorthRetrying(_ error: OpenAIError) -> Bool {
        switch error.kind {
        case .quota, .modelNotFound, .refused, .incomplete, .malformed, .sourceFailed, .cancelled: return false
        case .rateLimited, .unavailable, .timedOut: return error.shouldRetry ?? true
        case .api(let status, _, _): return error.shouldRetry ?? (status == 408 || status == 409 || status >= 500)
        }
    }

    /// Seconds until the server wants the next request: `retry-after-ms`, else `Retry-After` in seconds or as a date.
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

    private static func sane(_ seconds: Double) -> Double? {
        seconds > 0 && seconds <= 86_400 ? seconds : nil
    }
}
