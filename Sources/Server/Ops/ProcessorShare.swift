// Load of the machine's processors: one figure for the whole process, the same on each loop. Thread: any.
import Engine

final class ProcessorShare: Sendable {
    /// Processor time since the machine's start, summed over all processors, in the kernel's unit.
    struct Ticks: Sendable {
        var busy: Double
        var all: Double
    }

    private struct State {
        var before: Ticks?
        var noted = -Double.infinity
        var percent: Double?
    }

    /// Shortest period of a figure, seconds: loops that ask one after the other get the same figure.
    static let periodSeconds = 1.0

    private let state = Lock(State())

    /// Returns the share from the start of the last period to this call, percent; nil for the first call.
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
