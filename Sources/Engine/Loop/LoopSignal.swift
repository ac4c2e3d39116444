// Process signals on a loop. Frees: the handle lives until its uv_close callback. Thread: the loop's.
// libuv calls back with its own handle or request, never NULL: hence `!` there.
import CShims

/// Calls back on the loop when the process receives a signal.
public final class LoopSignal {
    private let box: Box

    private final class Box {
        let handle: UnsafeMutablePointer<uv_signal_t> = .allocate(capacity: 1)
        var arrived: (() -> Void)?
        var closed = false
        deinit { handle.deallocate() }
    }

    /// Loop thread.
    public init(_ signal: Int32, on loop: Loop, _ arrived: @escaping () -> Void) {
        loop.assertOnLoop()
        box = Box()
        box.arrived = arrived
        uv_signal_init(loop.uv, box.handle)
        box.handle.pointee.data = Unmanaged.passRetained(box).toOpaque()  // released in the close callback
        uv_signal_start(
            box.handle,
            { handle, _ in
                Unmanaged<Box>.fromOpaque(handle!.pointee.data).takeUnretainedValue().arrived?()
            }, signal)
    }

    deinit { close() }

    public func close() {
        guard !box.closed else { return }
        box.closed = true
        box.arrived = nil
        uv_close(shim_handle_signal(box.handle)) { handle in
            Unmanaged<Box>.fromOpaque(handle!.pointee.data).release()
        }
    }
}
