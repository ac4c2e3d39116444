// The rates that a limiter enforces. A value; any thread.

/// Requests per client in 60 seconds; 0 means no limit (C3).
public struct RateLimits: Sendable, Equatable {
    public var synchronous = 100
    public var batch = 10
    public var poll = 1000

    public init() {}
}
