// A timer finer than libuv's millisecond: the kernel's timerfd, watched by the loop. Frees: the descriptor in `close`,
// which must be called. Thread: its loop; loop-bound.
import CShims
import Engine
import Glibc

/// Calls back once at a time of ``Monotonic``, with the precision of the kernel's wake-up.
final class PreciseTimer {
    private let descriptor: Int32
    private let poll: LoopPoll
    private var fire: (() -> Void)?
    private var isClosed = false

    /// nil if no descriptor is free.
    init?(on loop: Loop) {
        descriptor = shim_timer_open()
        guard descriptor >= 0, let poll = LoopPoll(descriptor, on: loop) else { return nil }
        self.poll = poll
        poll.watch(.readable) { [unowned self] _ in expired() }
    }

    /// Arms the timer, replacing what was armed before.
    func start(at moment: Double, _ fire: @escaping () -> Void) {
        guard !isClosed else { return }
        self.fire = fire
        // A time of zero would disarm it.
        shim_timer_arm(descriptor, max(1, Int64(moment * 1e9)))
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        fire = nil
        poll.close()
        Glibc.close(descriptor)
    }

    private func expired() {
        var count: UInt64 = 0
        guard read(descriptor, &count, 8) == 8 else { return }
        let due = fire
        fire = nil
        due?()
    }
}
