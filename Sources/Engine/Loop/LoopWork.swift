// Long calculations, moved from the loop to libuv's thread pool. Thread: called and answered on the loop's, run on
// one of the pool's. Frees: the request, in its callback.
// libuv calls back with its own request, never NULL: hence `!` there.
import CShims

public enum LoopWork {
    /// A request in the pool.
    private final class Errand {
        let request: UnsafeMutablePointer<uv_work_t> = .allocate(capacity: 1)
        let work: @Sendable () -> Void
        var done: (() -> Void)?

        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
        deinit { request.deallocate() }
    }

    /// Runs `body` on the pool and returns its value on the loop. Cancellation does not interrupt it. If the pool
    /// refuses the work, it runs on the loop at once. Loop thread.
    public static func run<Value: Sendable>(on loop: Loop, _ body: @escaping @Sendable () -> Value) async -> Value {
        loop.assertOnLoop()
        let result = Lock<Value?>(nil)
        let errand = Errand {
            let value = body()
            result.withLock { $0 = value }
        }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            errand.done = { continuation.resume() }
            errand.request.pointee.data = Unmanaged.passRetained(errand).toOpaque()  // released in the callback
            guard uv_queue_work(loop.uv, errand.request, LoopWork.work, LoopWork.finished) != 0 else { return }
            Unmanaged.passUnretained(errand).release()  // no callback follows
            continuation.resume()
        }
        return result.withLock { $0 } ?? body()
    }

    /// Pool thread. `data` is the errand, retained until `finished`.
    private static let work: uv_work_cb = { request in
        Unmanaged<Errand>.fromOpaque(request!.pointee.data).takeUnretainedValue().work()
    }

    private static let finished: uv_after_work_cb = { request, _ in
        Unmanaged<Errand>.fromOpaque(request!.pointee.data).takeRetainedValue().done?()
    }
}
