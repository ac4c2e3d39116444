// Requests per client and minute (C3, C3.1), over all loops of this instance. Thread: any, under a lock held for a
// microsecond or so.
import Engine

/// The three classes of C3's table.
public enum RateClass: Int, Sendable, CaseIterable {
    case synchronous, batch, poll
}

/// What becomes of a request.
public enum RateVerdict: Equatable, Sendable {
    /// Its class is not limited.
    case off
    case admitted(RateStanding)
    /// Not counted.
    case refused(RateStanding)
}

/// Exact sliding windows, one a client and class.
///
/// Memory is bounded: `clientsMax` clients of some 300 bytes and `timesMax` times of four, 100 MB at most. What does
/// not fit makes the client go that has been idle longest, so that strangers, however many, can shut nobody out. The
/// limit of a client is exact as long as it is remembered: until that many others have come since its last request.
public final class RateLimiter: Sendable {
    /// A larger rate would cost more memory a client than it is worth.
    public static let largestRate = 100_000
    /// Clients remembered.
    public static let clientsMax = 100_000
    /// Requests remembered, over all clients: more than an instance can answer in a minute.
    public static let timesMax = 16 * 1024 * 1024

    private let limits: RateLimits
    private let now: @Sendable () -> UInt64
    private let table: Lock<ClientTable>

    /// - Parameter now: milliseconds of a clock that never goes back.
    public init(
        limits: RateLimits, clientsMax: Int = RateLimiter.clientsMax, timesMax: Int = RateLimiter.timesMax,
        now: @escaping @Sendable () -> UInt64 = { Monotonic.milliseconds() }
    ) {
        self.limits = limits
        self.now = now
        table = Lock(ClientTable(clientsMax: clientsMax, timesMax: timesMax))
    }

    /// Counts a request of `client`, unless its class is full.
    public func admit(_ client: IPAddress, _ rate: RateClass) -> RateVerdict {
        let limit = limit(of: rate)
        guard limit > 0 else { return .off }
        return table.withLock { $0.admit(client, rate, limit: limit, at: now()) }
    }

    /// How `client` stands, without counting anything: `refused` if its class is full.
    public func look(_ client: IPAddress, _ rate: RateClass) -> RateVerdict {
        let limit = limit(of: rate)
        guard limit > 0 else { return .off }
        return table.withLock { $0.look(client, rate, limit: limit, at: now()) }
    }

    /// What is held in memory now.
    var held: (clients: Int, times: Int) { table.withLock { ($0.count, $0.timesHeld) } }

    private func limit(of rate: RateClass) -> Int {
        switch rate {
        case .synchronous: limits.synchronous
        case .batch: limits.batch
        case .poll: limits.poll
        }
    }
}
