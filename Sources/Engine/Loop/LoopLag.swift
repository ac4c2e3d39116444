// Measures how late its loop comes to what is due: what everything that happens on the loop has to wait. Thread: the
// loop's.

/// Ticks several times a second from `init` to `close()`.
public final class LoopLag {
    static let everySeconds = 0.1

    private let timer: LoopTimer
    private let metrics: LoopMetrics
    private var due = 0

    /// Loop thread.
    public init(on loop: Loop) {
        timer = LoopTimer(on: loop)
        metrics = loop.metrics
        arm()
    }

    public func close() { timer.close() }

    private func arm() {
        due = Monotonic.nanoseconds() + Int(LoopLag.everySeconds * 1_000_000_000)
        timer.start(after: LoopLag.everySeconds) { [unowned self] in
            let now = Monotonic.nanoseconds()
            metrics.ticked(late: now - due, now: now)
            arm()
        }
    }
}
