// Clients with a recent valid signature, over all loops of this instance. Thread: any, under a lock held for
// microseconds.
import Engine

/// A bounded set of addresses. A known client has no extra rights; its next signature is only more likely to be valid.
public final class KnownClients: Sendable {
    /// How long an address is remembered, in milliseconds.
    static let keptMilliseconds: UInt64 = 3600 * 1000
    /// Limit of the addresses. A full set takes no new address until an old one expires.
    static let clientsMax = 4096

    private let seen = Lock<[IPAddress: UInt64]>([:])
    private let now: @Sendable () -> UInt64

    /// - Parameter now: milliseconds of a monotonic clock.
    public init(now: @escaping @Sendable () -> UInt64 = { Monotonic.milliseconds() }) { self.now = now }

    public func isKnown(_ client: IPAddress) -> Bool {
        seen.withLock { seen in seen[client].map { !KnownClients.isStale($0, at: now()) } ?? false }
    }

    /// Remembers a client whose signature was valid.
    public func remember(_ client: IPAddress) {
        // Take the time under the lock. Otherwise the table could already hold a later time, from another loop.
        seen.withLock { seen in
            let time = now()
            if seen.count >= KnownClients.clientsMax, seen[client] == nil {
                for (name, last) in seen where KnownClients.isStale(last, at: time) { seen[name] = nil }
                if seen.count >= KnownClients.clientsMax { return }
            }
            seen[client] = time
        }
    }

    /// Saturates: a clock that goes back between two loops makes an entry fresh instead of ending the process.
    private static func isStale(_ last: UInt64, at time: UInt64) -> Bool {
        time > last && time - last > keptMilliseconds
    }

    public func forget(_ client: IPAddress) { seen.withLock { $0[client] = nil } }
}
