// What is counted on one loop. Written on the loop's thread, read on any.

/// A loop's figures, and those of what lives on it. Every ``Loop`` has one.
public final class LoopMetrics: Sendable {
    private enum Cell: Int, MetricLabel { case ready, lastTick }

    /// How late the loop came to a timer that was due.
    public let lag = Histograms(.moments)
    public let database = DatabaseMetrics()
    public let provider = ProviderMetrics()
    public let webhooks = WebhookMetrics()
    private let cells = Counts<Cell>()

    init() {}

    /// The loop begins to work off `count` jobs.
    func began(ready count: Int) { cells.set(.ready, to: count) }

    /// Jobs that were ready when the loop last looked.
    public var ready: Int { cells[.ready] }

    /// The loop has come to its timer, `late` nanoseconds after it was due.
    func ticked(late: Int, now: Int) {
        lag.observe(nanoseconds: late)
        cells.set(.lastTick, to: now)
    }

    /// Nanoseconds since the last tick; nil before the first.
    public func silence(now: Int) -> Int? {
        let last = cells[.lastTick]
        return last == 0 ? nil : max(0, now - last)
    }
}
