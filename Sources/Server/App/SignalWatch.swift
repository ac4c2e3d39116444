// Waits for signals on a loop of its own. Thread: any.
import Engine
import Glibc

/// Watches from its making until ``close()``; after that the signals do what they do by default again.
final class SignalWatch: Sendable {
    private struct State {
        var arrived: String?
        var waiter: CheckedContinuation<String, Never>?
        var handles: LoopBound<[LoopSignal]>?
    }

    private let loop = Loop(name: "signals")
    private let state = Lock(State())
    private let each: (@Sendable () -> Void)?

    /// - Parameter each: called on the watch's own thread whenever one arrives; without it only the first is of
    ///   interest.
    init(_ signals: [Int32], each: (@Sendable () -> Void)? = nil) {
        self.each = each
        loop.post { [self] in
            let handles = signals.map { signal in LoopSignal(signal, on: loop) { [self] in arrived(signal) } }
            let bound = LoopBound(handles, on: loop)
            state.withLock { $0.handles = bound }
        }
    }

    /// The name of the first one.
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
