// Requests per client and minute (C3, C3.1), over all loops of this instance. Thread: any, under a lock held for
// microseconds.
import Engine

/// The three classes of C3's table.
public enum RateClass: Int, Sendable, CaseIterable {
    case synchronous, batch, poll
}

/// Exact sliding windows, one a client and class.
public final class RateLimiter: Sendable {
    /// A larger rate would cost more memory a client than it is worth.
    public static let largestRate = 100_000
    /// Clients remembered. When all of them are active, newcomers are refused: letting one be forgotten would break
    /// exactness.
    public static let clientsMax = 100_000

    private struct Client {
        var logs: (SlidingLog, SlidingLog, SlidingLog) = (SlidingLog(), SlidingLog(), SlidingLog())

        subscript(_ rate: RateClass) -> SlidingLog {
            get {
                switch rate {
                case .synchronous: logs.0
                case .batch: logs.1
                case .poll: logs.2
                }
            }
            _modify {
                switch rate {
                case .synchronous: yield &logs.0
                case .batch: yield &logs.1
                case .poll: yield &logs.2
                }
            }
        }

        mutating func isIdle(at now: UInt64) -> Bool {
            RateClass.allCases.allSatisfy {
                self[$0].forget(before: now)
                return self[$0].isEmpty
            }
        }
    }

    private struct State {
        var clients: [String: Client] = [:]
        /// No sweep before this: each one looks at every client.
        var nextSweep: UInt64 = 0
    }

    private let limits: RateLimits
    private let clientsMax: Int
    private let now: @Sendable () -> UInt64
    private let state = Lock(State())

    /// - Parameter now: milliseconds of a clock that never goes back.
    public init(
        limits: RateLimits, clientsMax: Int = RateLimiter.clientsMax,
        now: @escaping @Sendable () -> UInt64 = { Monotonic.milliseconds() }
    ) {
        self.limits = limits
        self.clientsMax = clientsMax
        self.now = now
    }

    /// Counts a request of `client`, unless its class is full.
    public func admit(_ client: String, _ rate: RateClass) -> RateVerdict {
        let limit = limit(of: rate)
        guard limit > 0 else { return .off }
        return state.withLock { state in
            let time = now()
            guard makeRoom(for: client, in: &state, at: time) else {
                return .refused(RateStanding(limit: limit, remaining: 0, resetSeconds: 60))
            }
            return state.clients[client, default: Client()][rate].admit(limit: limit, now: time)
        }
    }

    /// How `client` stands, without counting anything: `refused` if its class is full.
    public func look(_ client: String, _ rate: RateClass) -> RateVerdict {
        let limit = limit(of: rate)
        guard limit > 0 else { return .off }
        return state.withLock { state in
            let standing = state.clients[client]?[rate].standing(limit: limit, now: now())
            let known = standing ?? RateStanding(limit: limit, remaining: limit, resetSeconds: 0)
            return known.remaining > 0 ? .admitted(known) : .refused(known)
        }
    }

    private func limit(of rate: RateClass) -> Int {
        switch rate {
        case .synchronous: limits.synchronous
        case .batch: limits.batch
        case .poll: limits.poll
        }
    }

    private func makeRoom(for client: String, in state: inout State, at time: UInt64) -> Bool {
        if state.clients.count < clientsMax || state.clients[client] != nil { return true }
        guard time >= state.nextSweep else { return false }
        state.nextSweep = time + 1000
        for (name, var known) in state.clients where known.isIdle(at: time) { state.clients[name] = nil }
        return state.clients.count < clientsMax
    }
}
