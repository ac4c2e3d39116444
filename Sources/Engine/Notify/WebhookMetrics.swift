// Metrics of webhook deliveries. Written on the loop's thread, read on any.

public final class WebhookMetrics: Sendable {
    /// Outcome of an attempt.
    public enum Outcome: Int, MetricLabel {
        case delivered
        /// The receiver answered with a status other than success (C6.2).
        case rejected
        case timedOut
        /// No connection to the receiver.
        case unreachable
        /// The receiver's address is forbidden (C7).
        case forbidden
        /// The exchange was interrupted, or was not HTTP.
        case broken
    }

    /// Outcome of a delivery.
    public enum End: Int, MetricLabel { case delivered, failed }

    /// From the first byte of an attempt to the last byte of its answer, including the wait for a connection.
    public let durations = Histograms(.calls)
    public let attempts = Counts<Outcome>()
    public let deliveries = Counts<End>()
    private let begun = Tallies(1)

    public init() {}

    func attemptBegan() { begun.add(at: 0) }

    /// - Parameter outcome: nil if the service itself ended the attempt.
    func attemptEnded(_ outcome: Outcome?, nanoseconds: Int) {
        begun.add(-1, at: 0)
        guard let outcome else { return }
        attempts.add(outcome)
        durations.observe(nanoseconds: nanoseconds)
    }

    /// Number of attempts in progress. Any thread.
    public var inFlight: Int { begun[0] }
}
