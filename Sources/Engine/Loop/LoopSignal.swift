// Process signals on a loop. Frees: the handle lives until its uv_close callback. Thread: the loop's.
import CShims

/// Calls back on the loop when the process receives a signal.
public final class LoopSignal {
    private let box: Box

    private final class Box: Handle<uv_signal_t> {
        var arrived: (() -> Void)?
        override func forget() { arrived = nil }
    }

    /// Loop thread.
    public init(_ signal: Int32, on loop: Loop, _ arrived: @escaping () -> Void) {
        loop.assertOnLoop()
        box = Box()
        box.arrived = arrived
        uv_signal_init(loop.uv, box.raw)
        box.opened()
        uv_signal_start(box.raw, { handle, _ in Box.of(handle).arrived?() }, signal)
    }

    deinit { close() }

    public func close() { box.close() }
}
