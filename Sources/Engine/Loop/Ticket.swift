// Lets a task wait for a callback: the task parks with a ticket and the callback resumes the ticket.

/// Resumes one parked task, once. Loop-bound. Only the first resume has an effect.
public final class Ticket<Value> {
    private var continuation: CheckedContinuation<Result<Value, CancellationError>, Never>?
    private var outcome: Result<Value, CancellationError>?
    /// Called once on the loop when the waiting task is cancelled; the owner then removes the ticket from its list.
    public var whenCancelled: (() -> Void)?

    fileprivate init() {}

    /// True until the ticket has been resumed or cancelled.
    public var isWaiting: Bool { outcome == nil }

    /// Resumes the parked task with `value`.
    public func resume(_ value: Value) { settle(.success(value)) }

    fileprivate func cancel() {
        guard isWaiting else { return }
        let hook = whenCancelled
        settle(.failure(CancellationError()))
        hook?()
    }

    fileprivate func attach(_ continuation: CheckedContinuation<Result<Value, CancellationError>, Never>) {
        if let outcome {
            nonisolated(unsafe) let outcome = outcome  // both ends run on one loop thread
            continuation.resume(returning: outcome)
        } else {
            self.continuation = continuation
        }
    }

    private func settle(_ result: Result<Value, CancellationError>) {
        guard outcome == nil else { return }
        outcome = result
        whenCancelled = nil
        nonisolated(unsafe) let result = result  // both ends run on one loop thread
        continuation?.resume(returning: result)
        continuation = nil
    }
}

extension Ticket where Value == Void {
    public func resume() { resume(()) }
}

extension Loop {
    /// Parks the calling task until the ticket passed to `arm` is resumed. Loop thread.
    /// - Throws: `CancellationError` when the task is cancelled, from any thread.
    public func park<Value>(_ arm: (Ticket<Value>) -> Void) async throws(CancellationError) -> Value {
        assertOnLoop()
        let ticket = Ticket<Value>()
        arm(ticket)
        let bound = LoopBound(ticket, on: self)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { ticket.attach($0) }
        } onCancel: {
            post { bound.value.cancel() }
        }
        return try result.get()
    }

    /// Suspends for `seconds` of the loop's clock. Loop thread.
    public func sleep(seconds: Double) async throws(CancellationError) {
        let timer = LoopTimer(on: self)
        defer { timer.close() }
        try await park { (ticket: Ticket<Void>) in
            timer.start(after: seconds) { ticket.resume() }
        }
    }

    /// Lets all other ready work of this loop run first. Loop thread.
    public func yield() async {
        await withCheckedContinuation { continuation in post { continuation.resume() } }
    }
}
