// Bounded concurrency on one loop.

extension Loop {
    /// Runs `body` for 0..<count, at most `limit` at a time, and waits for all of them. Loop thread.
    /// - Throws: `CancellationError` when the calling task is cancelled, after the
    ///   running bodies were cancelled and have ended.
    public func forEach(
        _ count: Int, atMost limit: Int, _ body: @escaping (Int) async -> Void
    ) async throws(CancellationError) {
        var next = 0
        let workers = (0..<min(limit, count)).map { _ in
            spawn {
                while next < count, !Task.isCancelled {
                    let index = next
                    next += 1
                    await body(index)
                }
            }
        }
        await withTaskCancellationHandler {
            for worker in workers { await worker.value }
        } onCancel: {
            for worker in workers { worker.cancel() }
        }
        if Task.isCancelled { throw CancellationError() }
    }
}
