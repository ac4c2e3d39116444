// A libuv timer. Frees: the handle lives until its uv_close callback. Thread: the loop's.
// libuv calls back with its own handle or request, never NULL: hence `!` there.
import CShims

/// Calls back on the loop, once or repeatedly. Close it when done; a closed timer never fires.
public final class LoopTimer {
    private let loop: Loop
    private let box: Box

    /// The handle and its callback; libuv keeps them alive until the close callback.
    private final class Box {
        let handle: UnsafeMutablePointer<uv_timer_t> = .allocate(capacity: 1)
        var fire: (() -> Void)?
        var closed = false
        deinit { handle.deallocate() }
    }

    /// Loop thread.
    public init(on loop: Loop) {
        loop.assertOnLoop()
        self.loop = loop
        box = Box()
        uv_timer_init(loop.uv, box.handle)
        box.handle.pointee.data = Unmanaged.passRetained(box).toOpaque()  // released in the close callback
    }

    deinit { close() }

    public var isActive: Bool { !box.closed && uv_is_active(shim_handle_timer(box.handle)) != 0 }

    /// Arms the timer in place of any earlier setting. `repeating` is a period in seconds; 0 fires once.
    public func start(after seconds: Double, repeating: Double = 0, _ fire: @escaping () -> Void) {
        precondition(!box.closed, "a timer was started after `close()`")
        box.fire = fire
        uv_update_time(loop.uv)  // libuv's time dates from the start of this turn, which may be long ago
        let milliseconds = UInt64((max(0, seconds) * 1000).rounded(.up))
        let period = repeating > 0 ? UInt64(max(1, repeating * 1000)) : 0
        uv_timer_start(
            box.handle,
            { handle in
                let box = Unmanaged<Box>.fromOpaque(handle!.pointee.data).takeUnretainedValue()
                box.fire?()
            }, milliseconds, period)
    }

    public func stop() {
        guard !box.closed else { return }
        uv_timer_stop(box.handle)
        box.fire = nil
    }

    public func close() {
        guard !box.closed else { return }
        box.closed = true
        box.fire = nil
        uv_close(shim_handle_timer(box.handle)) { handle in
            Unmanaged<Box>.fromOpaque(handle!.pointee.data).release()
        }
    }
}

extension Loop {
    /// Seconds of the loop's clock at the start of this turn, for deadlines that
    /// tolerate some milliseconds. Loop thread.
    public var now: Double { Double(uv_now(uv)) / 1000 }
}
