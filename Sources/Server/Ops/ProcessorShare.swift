// How busy the machine's processors are: one figure for the whole process, whichever loop is asked. Any thread.
import Engine

final class ProcessorShare: Sendable {
    /// Of all processors since the machine's start, in the kernel's unit.
    struct Ticks: Sendable {
        var busy: Double
        var all: Double
    }

    private struct State {
        var before: Ticks?
        var noted = -Double.infinity
        var percent: Double?
    }

    /// A figure covers at least this long, seconds: loops that are asked one after the other tell the same.
    static let periodSeconds = 1.0

    private let state = Lock(State())

    /// The share from the last call that began a period to this one, percent; nil if this is the first.
    func note(_ now: Ticks, at seconds: Double) -> Double? {
        state.withLock { state in
            guard let before = state.before else {
                state.before = now
                return nil
            }
            guard now.all > before.all, state.percent == nil || seconds - state.noted >= ProcessorShare.periodSeconds
            else { return state.percent }
            let percent = min(100, max(0, (now.busy - before.busy) / (now.all - before.all) * 100))
            state = State(before: now, noted: seconds, percent: percent)
            return percent
        }
    }
}
