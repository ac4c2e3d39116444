// Samples the server every 100 ms on a loop of its own, so that reading /proc does not disturb what is measured.
// Thread: any; the samples are taken on the sampler's loop.
import Engine

final class ServerSampler: Sendable {
    static let periodSeconds = 0.1
    /// Whether there are other children is looked at every so many samples.
    private static let refreshEvery = 10
    /// Then samples are thinned out: half of them, and half as often.
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

    /// Ends the sampling; all samples.
    func stop() async -> [ServerSample] {
        let last = sampleNow(kept: true)
        state.withLock { $0.isStopped = true }
        loop.stop()
        await loop.join()
        let samples = state.withLock { $0.samples }
        return samples.isEmpty ? [last] : samples
    }

    /// Those that were kept so far.
    var samples: [ServerSample] { state.withLock { $0.samples } }

    /// A sample of this moment.
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

    /// Lets peaks begin at what is used now; false if that is not allowed.
    func resetPeak() -> Bool { state.withLock { $0.probe.resetPeak() } }
}
