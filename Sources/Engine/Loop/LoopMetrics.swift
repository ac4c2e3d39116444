// Metrics of one loop. Written on the loop's thread, read on any.

/// Metrics of the loop itself: its delay, its ready jobs, its silence. Every ``Loop`` has one instance. The objects on
/// the loop have metrics of their own, which are passed to them.
public final class LoopMetrics: Sendable {
    private enum Cell: Int, MetricLabel { case ready, lastTick }

    /// Delay with which the loop served a due timer.
    public let lag = Histograms(.moments)
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
