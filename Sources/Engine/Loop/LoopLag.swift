// Measures the delay with which a loop serves due timers. Everything else on the
// loop waits as long. Thread: the loop's.

/// Ticks ten times per second from `init` to `close()`.
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
