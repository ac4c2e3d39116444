// Long calculations, moved from the loop to libuv's thread pool. Thread: called and answered on the loop's, run on
// one of the pool's. Frees: the request, in its callback.
import CShims

public enum LoopWork {
    /// A request in the pool.
    private final class Errand: LoopObject<uv_work_t> {
        let work: @Sendable () -> Void
        var done: (() -> Void)?

        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
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
            errand.hold()
            guard uv_queue_work(loop.uv, errand.raw, LoopWork.work, LoopWork.finished) != 0 else { return }
            errand.release()
            continuation.resume()
        }
        return result.withLock { $0 } ?? body()
    }

    /// Pool thread. `data` is the errand, retained until `finished`.
    private static let work: uv_work_cb = { request in
        Errand.of(request).work()
    }

    private static let finished: uv_after_work_cb = { request, _ in
        Errand.taken(from: request).done?()
    }
}
