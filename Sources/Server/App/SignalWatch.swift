// Waits for signals on its own loop. Thread: any.
import Engine
import Glibc

/// Watches from `init` until ``close()``; after that the signals have their default effect again.
final class SignalWatch: Sendable {
    private struct State {
        var arrived: String?
        var waiter: CheckedContinuation<String, Never>?
        var handles: LoopBound<[LoopSignal]>?
    }

    private let loop = Loop(name: "signals")
    private let state = Lock(State())
    private let each: (@Sendable () -> Void)?

    /// - Parameter each: called on the watch's own thread for every signal. Without it, only the first signal counts.
    init(_ signals: [Int32], each: (@Sendable () -> Void)? = nil) {
        self.each = each
        loop.post { [self] in
            let handles = signals.map { signal in LoopSignal(signal, on: loop) { [self] in arrived(signal) } }
            let bound = LoopBound(handles, on: loop)
            state.withLock { $0.handles = bound }
        }
    }

    /// Returns the name of the first signal.
    func first() async -> String {
        await withCheckedContinuation { continuation in
            let name = state.withLock { state in
                if state.arrived == nil { state.waiter = continuation }
                return state.arrived
            }
            if let name { continuation.resume(returning: name) }
        }
    }

    func close() async {
        loop.post { [self] in
            let handles = state.withLock { $0.handles.take() }
            for handle in handles?.value ?? [] { handle.close() }
        }
        loop.stop()
        await loop.join()
    }

    private func arrived(_ signal: Int32) {
        if let each { return each() }
        let name = signal == SIGTERM ? "SIGTERM" : signal == SIGINT ? "SIGINT" : "\(signal)"
        let waiter = state.withLock { state in
            if state.arrived == nil { state.arrived = name }
            return state.waiter.take()
        }
        waiter?.resume(returning: name)
    }
}
