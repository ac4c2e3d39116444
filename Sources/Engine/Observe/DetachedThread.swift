// A thread for work that blocks or runs long. It is in this folder because the log, which everything uses, needs one.
// Frees: the work, after it has returned. Thread: `start` on any, the work on its own.

import Glibc

enum DetachedThread {
    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `run` on a new, detached thread.
    /// - Returns: false if the system has no thread left; `run` is then not called.
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
