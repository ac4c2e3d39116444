// A thread for work that blocks or lasts. It stands here because the log, which everything uses, has one.
// Frees: what it was given, when that has returned. Thread: `start` any, the work its own.

import Glibc

enum DetachedThread {
    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Nobody waits for its end.
    /// - Returns: false: the system has no thread left, and `run` is not called.
    static func start(_ run: @escaping @Sendable () -> Void) -> Bool {
        let work = Unmanaged.passRetained(Work(run))  // released by the thread, or just below
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().run()  // set just above
                return nil
            }, work.toOpaque())
        guard failure == 0 else {
            work.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
