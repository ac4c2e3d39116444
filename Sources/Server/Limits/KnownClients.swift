// Clients whose signatures held lately, over all loops of this instance. Thread: any, under a lock held for
// microseconds.
import Engine

/// A bounded memory of addresses. Being known gives no rights; it is a reason to expect that the next signature holds.
public final class KnownClients: Sendable {
    /// How long "lately" is, milliseconds.
    static let keptMilliseconds: UInt64 = 3600 * 1000
    /// Addresses remembered; beyond, those that are not new come first.
    static let clientsMax = 4096

    private let seen = Lock<[IPAddress: UInt64]>([:])
    private let now: @Sendable () -> UInt64

    /// - Parameter now: milliseconds of a clock that never goes back.
    public init(now: @escaping @Sendable () -> UInt64 = { Monotonic.milliseconds() }) { self.now = now }

    public func isKnown(_ client: IPAddress) -> Bool {
        seen.withLock { seen in seen[client].map { !KnownClients.isStale($0, at: now()) } ?? false }
    }

    /// Its signature held.
    public func remember(_ client: IPAddress) {
        // The time is taken under the lock: a later time of another loop must not be in the table already.
        seen.withLock { seen in
            let time = now()
            if seen.count >= KnownClients.clientsMax, seen[client] == nil {
                for (name, last) in seen where KnownClients.isStale(last, at: time) { seen[name] = nil }
                if seen.count >= KnownClients.clientsMax { return }
            }
            seen[client] = time
        }
    }

    /// Saturates: a clock that goes back between two loops makes an entry fresh and never ends the process.
    private static func isStale(_ last: UInt64, at time: UInt64) -> Bool {
        time > last && time - last > keptMilliseconds
    }

    public func forget(_ client: IPAddress) { seen.withLock { $0[client] = nil } }
}
