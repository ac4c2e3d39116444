// Decides which job may put a provider batch into the provider's queue next. The queue is bounded by
// `OPENAI_ENQUEUED_TOKENS` if that is set, else by the provider's refusals. Pure.

/// A job's share of one model's queue, and the batch that waits for room there.
public struct QueuedJob: Sendable, Equatable {
    public var job: Identifier
    /// Input tokens of its provider batches at work.
    public var tokens: Int
    /// Input tokens of its smallest waiting batch; nil if none waits.
    public var waiting: Int?
    /// One of its waiting batches was refused because the queue was full.
    public var wasRefused: Bool

    public init(job: Identifier, tokens: Int, waiting: Int?, wasRefused: Bool = false) {
        self.job = job
        self.tokens = tokens
        self.waiting = waiting
        self.wasRefused = wasRefused
    }
}

public enum QueueShare {
    /// Most input tokens of one batch: a batch may take a day, so no single one may fill the queue.
    public static func batchTokens(limit: Int) -> Int { max(1, limit / 4) }

    /// Whether `job` may add a batch of `tokens`. A job alone gets three quarters of the queue, so that a later job
    /// need not wait for a batch to end. A job with nothing in the queue goes before one that has something there.
    public static func admits(_ job: Identifier, tokens: Int, queue: [QueuedJob], limit: Int?) -> Bool {
        guard let limit else { return !yields(job, queue) }
        let used = queue.reduce(0) { $0 + $1.tokens }
        // The queue is empty, so the provider decides whether the batch is too large.
        if used == 0 { return true }
        let own = queue.first { $0.job == job }?.tokens ?? 0
        if own == 0 { return used + tokens <= limit }
        let kept = queue.filter { $0.job != job && $0.tokens == 0 }.reduce(0) {
            $0 + min($1.waiting ?? 0, batchTokens(limit: limit))
        }
        return own + tokens <= limit - limit / 4 && used + tokens + kept <= limit
    }

    /// Whether a job with something in the queue waits for one that has nothing there and found the queue full.
    private static func yields(_ job: Identifier, _ queue: [QueuedJob]) -> Bool {
        guard let own = queue.first(where: { $0.job == job }), own.tokens > 0 else { return false }
        return queue.contains { $0.job != job && $0.tokens == 0 && $0.wasRefused }
    }
}
