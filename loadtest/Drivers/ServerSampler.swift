// Samples the server every 100 ms on its own loop, so that reading /proc does not disturb the measurement. Thread: any;
// samples are taken on the sampler's loop.
import Engine

final class ServerSampler: Sendable {
    static let periodSeconds = 0.1
    /// Samples between two checks for new child processes.
    private static let refreshEvery = 10
    /// At this number the sampler drops every second sample and halves its rate.
    private static let samplesMax = 4000

    private struct State {
        var probe: ServerProbe
        var samples: [ServerSample] = []
        var taken = 0
        var every = 1
        var isStopped = false
    }

    private let loop: Loop
    private let state: Lock<State>
    private let origin: Double

    /// - Throws: ``DriverError`` if there is no such process.
    init(pid: Int, origin: Double) throws(DriverError) {
        guard let probe = ServerProbe(pid: pid) else { throw DriverError("there is no process \(pid)") }
        state = Lock(State(probe: probe))
        loop = Loop(name: "sampler")
        self.origin = origin
        loop.launch { [self] in await run() }
    }

    private func run() async {
        while true {
            _ = sampleNow(kept: true)
            do { try await loop.sleep(seconds: ServerSampler.periodSeconds) } catch { return }
            if state.withLock({ $0.isStopped }) { return }
        }
    }

    /// Ends the sampling; returns all samples.
    func stop() async -> [ServerSample] {
        let last = sampleNow(kept: true)
        state.withLock { $0.isStopped = true }
        loop.stop()
        await loop.join()
        let samples = state.withLock { $0.samples }
        return samples.isEmpty ? [last] : samples
    }

    /// The samples kept so far.
    var samples: [ServerSample] { state.withLock { $0.samples } }

    /// Takes one sample now.
    func sampleNow() -> ServerSample { sampleNow(kept: false) }

    private func sampleNow(kept: Bool) -> ServerSample {
        let moment = Monotonic.seconds() - origin
        return state.withLock { state in
            if kept, state.taken % ServerSampler.refreshEvery == 0 { state.probe.refreshChildren() }
            let sample = state.probe.sample(at: moment)
            guard kept else { return sample }
            if state.taken % state.every == 0 { state.samples.append(sample) }
            state.taken += 1
            if state.samples.count >= ServerSampler.samplesMax {
                state.samples = state.samples.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
                state.every *= 2
            }
            return sample
        }
    }

    /// Resets the peaks to the current usage; false if that is not permitted.
    func resetPeak() -> Bool { state.withLock { $0.probe.resetPeak() } }
}
