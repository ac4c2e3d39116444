// What becomes of webhook deliveries. Written on the loop's thread, read on any.

public final class WebhookMetrics: Sendable {
    /// How an attempt ended.
    public enum Outcome: Int, MetricLabel {
        case delivered
        /// The receiver answered with a status that is no success (C6.2).
        case rejected
        case timedOut
        /// No connection to the receiver.
        case unreachable
        /// Its address is not one that we may connect to (C7).
        case forbidden
        /// The exchange broke off, or was not HTTP.
        case broken
    }

    /// How a delivery ended.
    public enum End: Int, MetricLabel { case delivered, failed }

    /// From the first byte of an attempt to the last of its answer, the wait for a connection included.
    public let durations = Histograms(.calls)
    public let attempts = Counts<Outcome>()
    public let deliveries = Counts<End>()
    private let begun = Tallies(1)

    init() {}

    func attemptBegan() { begun.add(at: 0) }

    /// - Parameter outcome: nil: we broke it off ourselves.
    func attemptEnded(_ outcome: Outcome?, nanoseconds: Int) {
        begun.add(-1, at: 0)
        guard let outcome else { return }
        attempts.add(outcome)
        durations.observe(nanoseconds: nanoseconds)
    }

    /// Attempts under way. Any thread.
    public var inFlight: Int { begun[0] }
}
