// Delay before the next attempt, for connections, calls, names, hosts and deliveries. Pure: the caller passes the
// random number.

/// Doubling delays with a bound, spread at random so that clients do not retry in step.
public struct BackOff: Sendable {
    public var firstSeconds: Double
    public var mostSeconds: Double
    /// Largest random reduction of a delay, as a part of it, 0 ... 1.
    public var spread: Double

    public init(firstSeconds: Double, mostSeconds: Double, spread: Double = 0.5) {
        self.firstSeconds = firstSeconds
        self.mostSeconds = mostSeconds
        self.spread = spread
    }

    /// For connections to the database: 0.1 s to 5 s.
    public static let reconnect = BackOff(firstSeconds: 0.1, mostSeconds: 5)

    /// For writes that are retried until the database is back: 0.2 s to 3 s.
    public static let insistence = BackOff(firstSeconds: 0.2, mostSeconds: 3)

    /// Returns the doubled and bounded delay after `failures` failures in a row, without the random reduction; 0 for
    /// none.
    public func longest(failures: Int) -> Double {
        guard failures > 0 else { return 0 }
        var full = firstSeconds
        var doublings = failures - 1
        while doublings > 0, full < mostSeconds {
            full *= 2
            doublings -= 1
        }
        return min(full, mostSeconds)
    }

    /// Returns the seconds to wait after `failures` failures in a row, 0 for none.
    /// - Parameter jitter: 0 ..< 1; 0 reduces the delay by all of ``spread``.
    public func delay(failures: Int, jitter: Double) -> Double {
        longest(failures: failures) * (1 - spread * (1 - jitter))
    }
}
