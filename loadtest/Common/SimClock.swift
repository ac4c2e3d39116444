// The simulators' time: the machine's clock with durations shortened, or a clock set by a test. Thread: its loop.
import Engine

/// The source of a simulator's time.
public final class SimClock {
    private var turned: Double?
    /// Simulated seconds per real second; only durations shrink, time stamps are those of the wall clock.
    public let speed: Double

    private init(turned: Double?, speed: Double) {
        self.turned = turned
        self.speed = speed
    }

    /// The machine's clock. With `speed` 1000 a batch of an hour takes 3.6 s.
    public static func system(speed: Double = 1) -> SimClock { SimClock(turned: nil, speed: max(speed, 0.000_001)) }

    /// A clock that stands still until a test moves it.
    public static func byHand(startingAt seconds: Double = 1_800_000_000) -> SimClock {
        SimClock(turned: seconds, speed: 1)
    }

    /// True for a clock that tests move: a reply then waits until all due work is done.
    public var isByHand: Bool { turned != nil }

    /// Seconds since 1970.
    public var now: Double { turned ?? Timestamp.now().seconds }

    /// Moves the clock forward. Only for a clock by hand.
    public func advance(seconds: Double) {
        precondition(isByHand, "the machine's clock cannot be turned")
        turned = now + seconds
    }

    /// A simulated duration in seconds of this clock.
    func scaled(_ seconds: Double) -> Double { seconds / speed }
}
