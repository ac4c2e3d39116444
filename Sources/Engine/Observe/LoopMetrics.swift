// Metrics of one loop. Written on the loop's thread, read on any.

/// Metrics of a loop and of the objects on it. Every ``Loop`` has one instance.
public final class LoopMetrics: Sendable {
    private enum Cell: Int, MetricLabel { case ready, lastTick }

    /// Delay with which the loop served a due timer.
    public let lag = Histograms(.moments)
    public let database = DatabaseMetrics()
    public let provider = ProviderMetrics()
    public let webhooks = WebhookMetrics()
    private let cells = Counts<Cell>()

    init() {}

    /// Records that the loop starts to run `count` ready jobs.
    func began(ready count: Int) { cells.set(.ready, to: count) }

    /// Number of ready jobs at the start of the latest run.
    public var ready: Int { cells[.ready] }

    /// Records that the loop served its timer `late` nanoseconds after it was due.
    func ticked(late: Int, now: Int) {
        lag.observe(nanoseconds: late)
        cells.set(.lastTick, to: now)
    }

    /// Returns the nanoseconds since the last tick; nil before the first.
    public func silence(now: Int) -> Int? {
        let last = cells[.lastTick]
        return last == 0 ? nil : max(0, now - last)
    }
}
