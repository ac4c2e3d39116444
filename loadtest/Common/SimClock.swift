// The simulators' time: the machine's clock with durations shortened, or one that a test turns. Thread: the loop's.
import Engine

/// Where a simulator's time comes from.
public final class SimClock {
    private var turned: Double?
    /// How many simulated seconds fit into one real second; only durations shrink, stamps stay those of the wall clock.
    public let speed: Double

    private init(turned: Double?, speed: Double) {
        self.turned = turned
        self.speed = speed
    }

    /// The machine's clock. With `speed` 1000 a batch of an hour takes 3.6 s.
    public static func system(speed: Double = 1) -> SimClock { SimClock(turned: nil, speed: max(speed, 0.000_001)) }

    /// A clock that stands still until it is turned.
    public static func byHand(startingAt seconds: Double = 1_800_000_000) -> SimClock {
        SimClock(turned: seconds, speed: 1)
    }

    /// True for a clock that tests turn: then a reply waits until all work that is due has been done.
    public var isByHand: Bool { turned != nil }

    /// Seconds since 1970.
    public var now: Double { turned ?? Timestamp.now().seconds }

    /// Turns the clock forward. Only for a clock by hand.
    public func advance(seconds: Double) {
        precondition(isByHand, "the machine's clock cannot be turned")
        turned = now + seconds
    }

    /// A simulated duration in seconds of this clock.
    func scaled(_ seconds: Double) -> Double { seconds / speed }
}
