// Requests per client and minute (C3, C3.1), over all loops of this instance. Thread: any, under a lock held for about
// a microsecond.
import Engine

/// The three classes of the table in C3.
public enum RateClass: Int, Sendable, CaseIterable {
    case synchronous, batch, poll
}

/// The decision about a request.
public enum RateVerdict: Equatable, Sendable {
    /// Its class has no limit.
    case off
    case admitted(RateStanding)
    /// The request is not counted.
    case refused(RateStanding)
}

/// Exact sliding windows, one per client and class.
///
/// Memory is bounded to 100 MB: `clientsMax` clients of about 300 bytes and `timesMax` times of four bytes. Beyond that
/// the client that has been idle longest is forgotten, so any number of strangers cannot lock out another client. A
/// client's limit is exact while it is remembered: until `clientsMax` other clients have come since its last request.
public final class RateLimiter: Sendable {
    /// A larger rate would cost too much memory per client.
    public static let largestRate = 100_000
    /// Limit of the clients remembered.
    public static let clientsMax = 100_000
    /// Limit of the requests remembered, over all clients: more than an instance can answer per minute.
    public static let timesMax = 16 * 1024 * 1024

    private let limits: RateLimits
    private let now: @Sendable () -> UInt64
    private let table: Lock<ClientTable>

    /// - Parameter now: milliseconds of a monotonic clock.
    public init(
        limits: RateLimits, clientsMax: Int = RateLimiter.clientsMax, timesMax: Int = RateLimiter.timesMax,
        now: @escaping @Sendable () -> UInt64 = { Monotonic.milliseconds() }
    ) {
        self.limits = limits
        self.now = now
        table = Lock(ClientTable(clientsMax: clientsMax, timesMax: timesMax))
    }

    /// Counts a request of `client` unless its class is full.
    public func admit(_ client: IPAddress, _ rate: RateClass) -> RateVerdict {
        let limit = limit(of: rate)
        guard limit > 0 else { return .off }
        return table.withLock { $0.admit(client, rate, limit: limit, at: now()) }
    }

    /// The standing of `client`, without counting a request: `refused` if its class is full.
    public func look(_ client: IPAddress, _ rate: RateClass) -> RateVerdict {
        let limit = limit(of: rate)
        guard limit > 0 else { return .off }
        return table.withLock { $0.look(client, rate, limit: limit, at: now()) }
    }

    /// The clients and times in memory.
    var held: (clients: Int, times: Int) { table.withLock { ($0.count, $0.timesHeld) } }

    private func limit(of rate: RateClass) -> Int {
        switch rate {
        case .synchronous: limits.synchronous
        case .batch: limits.batch
        case .poll: limits.poll
        }
    }
}
