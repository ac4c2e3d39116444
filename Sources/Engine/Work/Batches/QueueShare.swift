// Who may put a batch into the provider's queue next: its room is bounded, by `OPENAI_ENQUEUED_TOKENS` where that is
// set, else as the provider's refusals show. Pure.

/// What a job has in the queue of one model, and what it wants to put there.
public struct QueuedJob: Sendable, Equatable {
    public var job: Identifier
    /// Input tokens of its batches at work.
    public var tokens: Int
    /// Those of its smallest batch that waits; nil: none does.
    public var waiting: Int?
    /// One of those that wait was refused because the queue was full.
    public var wasRefused: Bool

    public init(job: Identifier, tokens: Int, waiting: Int?, wasRefused: Bool = false) {
        self.job = job
        self.tokens = tokens
        self.waiting = waiting
        self.wasRefused = wasRefused
    }
}

public enum QueueShare {
    /// Input tokens of one batch at most: a batch may take a day, so no single one may fill the queue.
    public static func batchTokens(limit: Int) -> Int { max(1, limit / 4) }

    /// Whether `job` may enter with a batch of `tokens`. A job alone has three quarters of the queue, so that one that
    /// comes later need not wait for a batch to end; one that has nothing in the queue goes before one that has.
    public static func admits(_ job: Identifier, tokens: Int, queue: [QueuedJob], limit: Int?) -> Bool {
        guard let limit else { return !yields(job, queue) }
        let used = queue.reduce(0) { $0 + $1.tokens }
        // Nothing to wait for: whether it is too large is for the provider to say.
        if used == 0 { return true }
        let own = queue.first { $0.job == job }?.tokens ?? 0
        if own == 0 { return used + tokens <= limit }
        let kept = queue.filter { $0.job != job && $0.tokens == 0 }.reduce(0) {
            $0 + min($1.waiting ?? 0, batchTokens(limit: limit))
        }
        return own + tokens <= limit - limit / 4 && used + tokens + kept <= limit
    }

    /// A job that has something in the queue lets one go first that has nothing there and found it full.
    private static func yields(_ job: Identifier, _ queue: [QueuedJob]) -> Bool {
        guard let own = queue.first(where: { $0.job == job }), own.tokens > 0 else { return false }
        return queue.contains { $0.job != job && $0.tokens == 0 && $0.wasRefused }
    }
}
