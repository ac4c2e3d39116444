// A libuv timer. Frees: the handle lives until its uv_close callback. Thread: the loop's.
import CShims

/// Calls back on the loop, once or repeatedly. Close it when done; a closed timer never fires.
public final class LoopTimer {
    private let loop: Loop
    private let box: Box

    private final class Box: Handle<uv_timer_t> {
        var fire: (() -> Void)?
        override func forget() { fire = nil }
    }

    /// Loop thread.
    public init(on loop: Loop) {
        loop.assertOnLoop()
        self.loop = loop
        box = Box()
        uv_timer_init(loop.uv, box.raw)
        box.opened()
    }

    deinit { close() }

    public var isActive: Bool { !box.isClosed && uv_is_active(box.base) != 0 }

    /// Arms the timer in place of any earlier setting. `repeating` is a period in seconds; 0 fires once.
    public func start(after seconds: Double, repeating: Double = 0, _ fire: @escaping () -> Void) {
        precondition(!box.isClosed, "a closed timer was started")
        box.fire = fire
        uv_update_time(loop.uv)  // libuv's time dates from the start of this turn, which may be long ago
        let milliseconds = UInt64((max(0, seconds) * 1000).rounded(.up))
        let period = repeating > 0 ? UInt64(max(1, repeating * 1000)) : 0
        uv_timer_start(box.raw, { handle in Box.of(handle).fire?() }, milliseconds, period)
    }

    public func stop() {
        guard !box.isClosed else { return }
        uv_timer_stop(box.raw)
        box.fire = nil
    }

    public func close() { box.close() }
}

extension Loop {
    /// Seconds of the loop's clock at the start of this turn, for deadlines that
    /// tolerate some milliseconds. Loop thread.
    public var now: Double { Double(uv_now(uv)) / 1000 }
}
