// A pthread mutex. `Synchronization.Mutex` makes ThreadSanitizer report false races on Linux.
// Frees: deinit. Thread: any.
import Glibc

/// Guards a value that several threads share. Hold it for a few instructions only: a loop thread must never block.
public final class Lock<Value>: @unchecked Sendable {  // `value` is touched only between lock and unlock
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    public init(_ value: sending Value) {
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        self.value = value
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    public func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
