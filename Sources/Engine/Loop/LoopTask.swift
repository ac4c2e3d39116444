// Work that runs beside the task that needs its result. Thread: the loop's.

/// A future. Dropping it cancels its work; so does cancelling the task that waits for it.
public final class LoopTask<Value> {
    private let loop: Loop
    private var task: Task<Void, Never>?
    private var outcome: Result<Value, any Error>?
    private var waiter: Ticket<Void>?

    /// Starts `body` at once. Loop thread.
    public init(on loop: Loop, _ body: @escaping () async throws -> Value) {
        self.loop = loop
        task = loop.spawn { [weak self] in
            let outcome: Result<Value, any Error>
            do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            self?.outcome = outcome
            self?.waiter?.resume()
        }
    }

    deinit { task?.cancel() }

    public func cancel() { task?.cancel() }

    /// Waits for the result. One waiter at a time.
    public func value() async throws -> Value {
        if outcome == nil {
            try await loop.park { (ticket: Ticket<Void>) in
                waiter = ticket
                ticket.whenCancelled = { [task] in task?.cancel() }
            }
        }
        // A ticket is resumed only after the outcome is set.
        guard let outcome else { throw CancellationError() }
        return try outcome.get()
    }
}

extension Loop {
    /// Runs `body` for all items concurrently and returns the results in the items' order.
    /// - Throws: the first error in that order; the bodies that still run are cancelled.
    public func gather<Item, Value>(
        _ items: [Item], _ body: @escaping (Item) async throws -> Value
    ) async throws -> [Value] {
        let tasks = items.map { item in LoopTask(on: self) { try await body(item) } }
        var values: [Value] = []
        for task in tasks { values.append(try await task.value()) }
        return values
    }
}
