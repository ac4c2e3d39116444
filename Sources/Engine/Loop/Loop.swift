// The libuv loop as a Swift executor. One thread runs it; tasks started with `spawn` never leave that thread. Frees:
// the loop thread frees `uv_loop_t` after its last handle has closed. Thread: stated at each member.
import CShims
import DequeModule
import Glibc

/// An event loop and the thread that runs it.
///
/// A *loop-bound* object is a non-Sendable class. Its methods are called on this thread only: from callbacks of the
/// loop's handles, or from tasks started with ``spawn(_:)``. The compiler keeps such objects off other threads;
/// `spawn` and ``LoopBound`` are the only ways in, and both check the thread.
public final class Loop: SerialExecutor, TaskExecutor, @unchecked Sendable {  // see `inbox` and `assertOnLoop`
    /// Only the loop thread touches the members below, except `inbox`, which any thread may use.
    let uv: UnsafeMutablePointer<uv_loop_t>
    private let wakeHandle: UnsafeMutablePointer<uv_async_t>
    private let idleHandle: UnsafeMutablePointer<uv_idle_t>
    private let checkHandle: UnsafeMutablePointer<uv_check_t>
    private var ready = Deque<Entry>()
    private var idleIsActive = false
    private var stopping = false
    private let inbox = Lock(Inbox())
    private let ended = Lock<Ending>(Ending())
    public let name: String
    /// Counters of this loop: written on the loop thread, read on any.
    public let metrics = LoopMetrics()
    /// Shared buffer into which every stream of this loop reads. Its content is valid
    /// during one read callback. Loop thread.
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Loop.readBufferBytes, alignment: 64)

    enum Entry {
        case job(UnownedJob)
        case work(@Sendable () -> Void)
    }

    private struct Inbox {
        var entries: [Entry] = []
        var closed = false
    }

    private struct Ending {
        var finished = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Most queued jobs that one turn runs before the loop polls I/O again.
    static let jobsPerTurn = 256
    /// Most bytes that one read of a stream returns.
    public static let readBufferBytes = 64 * 1024

    /// Creates the loop and starts its thread.
    public init(name: String) {
        HeapSettings.apply
        self.name = name
        uv = .allocate(capacity: 1)
        wakeHandle = .allocate(capacity: 1)
        idleHandle = .allocate(capacity: 1)
        checkHandle = .allocate(capacity: 1)
        precondition(uv_loop_init(uv) == 0, "an event loop cannot start: no file descriptor is left")
        prepareHandles()
        precondition(DetachedThread.start { self.threadMain() }, "an event loop cannot start: no thread is left")
    }

    // MARK: Any thread

    /// Runs `body` on the loop thread in a later turn. Drops it if the loop has ended. Any thread.
    public func post(_ body: @escaping @Sendable () -> Void) {
        deliver(.work(body))
    }

    /// Starts a task on the loop. `body` and everything it awaits run on the loop thread. Any thread.
    @discardableResult
    public func launch(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self) { await body() }
    }

    /// True on the loop's own thread.
    public var isCurrent: Bool {
        shim_current_loop() == Unmanaged.passUnretained(self).toOpaque()
    }

    /// Traps on any thread other than the loop's.
    public func assertOnLoop() {
        precondition(isCurrent, "a loop-bound object was used on another thread than its loop's")
    }

    /// The loop that runs on the calling thread, or nil.
    public static var current: Loop? {
        shim_current_loop().map { Unmanaged<Loop>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Makes the loop end as soon as every handle is closed. Idempotent. Any thread.
    public func stop() {
        post { [self] in beginStop() }
    }

    /// Waits until the loop's thread has freed everything.
    public func join() async {
        await withCheckedContinuation { continuation in
            let already = ended.withLock { ending in
                if !ending.finished { ending.waiters.append(continuation) }
                return ending.finished
            }
            if already { continuation.resume() }
        }
    }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        deliver(.job(UnownedJob(job)))
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }
    public func checkIsolated() { assertOnLoop() }

    private func deliver(_ entry: Entry) {
        if isCurrent {
            ready.append(entry)
            armIdle()
            return
        }
        inbox.withLock { inbox in
            if inbox.closed { return }
            inbox.entries.append(entry)
            // Sent under the lock, so that the handle cannot be closed in between.
            if inbox.entries.count == 1 { uv_async_send(wakeHandle) }
        }
    }

    // MARK: Loop thread

    /// Starts a task that runs on this loop only. It runs at once until its first suspension. Loop thread.
    @discardableResult
    public func spawn(_ body: @escaping () async -> Void) -> Task<Void, Never> {
        assertOnLoop()
        nonisolated(unsafe) let body = body  // the task runs on this thread only, so nothing is shared
        return Task.immediate(executorPreference: self) { await body() }
    }

    /// Runs `body` on this loop after the I/O of this turn. Loop thread.
    public func later(_ body: @escaping () -> Void) {
        assertOnLoop()
        nonisolated(unsafe) let body = body  // runs on this thread, so nothing is shared
        deliver(.work { body() })
    }

    private func armIdle() {
        guard !idleIsActive else { return }
        idleIsActive = true
        uv_idle_start(idleHandle) { handle in Loop.of(handle).drain() }
    }

    private func takeInbox() {
        let entries = inbox.withLock { inbox in
            let taken = inbox.entries
            inbox.entries.removeAll(keepingCapacity: true)
            return taken
        }
        ready.append(contentsOf: entries)
    }

    private func drain() {
        metrics.began(ready: ready.count)
        var left = min(ready.count, Loop.jobsPerTurn)
        while left > 0, let entry = ready.popFirst() {
            run(entry)
            left -= 1
        }
        if ready.isEmpty, idleIsActive {
            idleIsActive = false
            uv_idle_stop(idleHandle)
        }
    }

    private func run(_ entry: Entry) {
        switch entry {
        case .job(let job):
            job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        case .work(let body): body()
        }
    }

    private static func of(_ handle: UnsafeMutableRawPointer?) -> Loop {
        // `data` is set once in `prepareHandles` to the loop itself, which outlives its handles.
        Unmanaged<Loop>.fromOpaque(shim_data(handle!)!).takeUnretainedValue()
    }

    private func prepareHandles() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        uv_async_init(uv, wakeHandle) { handle in
            let loop = Loop.of(handle)
            loop.takeInbox()
            loop.drain()
            if !loop.ready.isEmpty { loop.armIdle() }
        }
        uv_idle_init(uv, idleHandle)
        uv_check_init(uv, checkHandle)
        wakeHandle.pointee.data = me
        idleHandle.pointee.data = me
        checkHandle.pointee.data = me
        // Jobs that this turn's I/O made ready run before the loop sleeps.
        uv_check_start(checkHandle) { handle in Loop.of(handle).drain() }
        uv_unref(shim_handle(checkHandle))
    }

    private func threadMain() {
        shim_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
        shim_name_thread(String(name.prefix(15)))
        uv_run(uv, UV_RUN_DEFAULT)
        // Only the loop's own idle and check handles are left here; any other open handle is a leak of its owner.
        uv_close(shim_handle(idleHandle), nil)
        uv_close(shim_handle(checkHandle), nil)
        uv_run(uv, UV_RUN_DEFAULT)
        shim_set_current_loop(nil)
        let busy = uv_loop_close(uv) != 0
        precondition(!busy, "loop \(name) ended with an open handle; its owner must close it before `stop()`")
        uv.deallocate()
        wakeHandle.deallocate()
        idleHandle.deallocate()
        checkHandle.deallocate()
        readBuffer.deallocate()
        let waiters = ended.withLock { ending in
            ending.finished = true
            return ending.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Refuses work from other threads from here on. Jobs that the loop's own tasks make ready
    /// still run until the last handle is closed.
    private func beginStop() {
        guard !stopping else { return }
        stopping = true
        takeInbox()
        inbox.withLock { $0.closed = true }
        uv_close(shim_handle(wakeHandle), nil)
    }
}
