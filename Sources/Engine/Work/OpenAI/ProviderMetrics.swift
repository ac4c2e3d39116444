// Metrics of the calls to OpenAI: number, outcome, duration and tokens. Written on the loop's thread, read on any.

/// The API operations that the service uses.
public enum ProviderOperation: Int, MetricLabel {
    case createResponse, getResponse, uploadFile, readFile, listFiles, deleteFile, createBatch, getBatch, listBatches,
        cancelBatch
    case listModels
}

public final class ProviderMetrics: Sendable {
    /// Outcome of a call; each try counts as a call.
    public enum Outcome: Int, MetricLabel {
        case ok
        /// 429, or an error code with the same meaning.
        case rateLimited
        /// The account has no money left.
        case quota
        case modelNotFound
        /// Any other 4xx.
        case refused
        /// 5xx.
        case serverError
        /// No connection, or it broke.
        case unreachable
        case timedOut
        /// An answer that cannot be parsed.
        case malformed
        /// Cancelled by the service: the client disconnected, the process ends, an upload's source failed.
        case cancelled
    }

    public enum Direction: Int, MetricLabel { case input, output }

    /// Parts of the input (`cached`, `cacheWritten`) and of the output (`reasoning`), which have prices of their own or
    /// can be avoided.
    public enum TokenPart: Int, MetricLabel { case cached, cacheWritten, reasoning }

    /// Most models with counters of their own; the last place counts all others.
    public static let modelsMax = 16

    /// Durations per operation: to the end of the answer, or to the head when a file is read.
    public let durations = Histograms(rows: ProviderOperation.allCases.count, .calls)
    private let calls = Tallies(ProviderOperation.allCases.count * Outcome.allCases.count)
    private let spent = Tallies(ProviderMetrics.modelsMax * Direction.allCases.count)
    private let parts = Tallies(ProviderMetrics.modelsMax * TokenPart.allCases.count)

    private let withoutUsage = Tallies(1)

    public init() {}

    // MARK: Loop thread

    /// Counts an answer that did not say what it cost.
    public func answeredWithoutUsage() { withoutUsage.add(1, at: 0) }

    public func called(_ operation: ProviderOperation, _ outcome: Outcome, nanoseconds: Int) {
        calls.add(at: operation.rawValue * Outcome.allCases.count + outcome.rawValue)
        durations.observe(nanoseconds: nanoseconds, row: operation.rawValue)
    }

    /// - Parameter model: its position among the configured models.
    public func spent(model: Int, _ usage: Usage) {
        let row = min(max(0, model), ProviderMetrics.modelsMax - 1)
        let place = row * Direction.allCases.count
        spent.add(usage.input, at: place + Direction.input.rawValue)
        spent.add(usage.output, at: place + Direction.output.rawValue)
        let first = row * TokenPart.allCases.count
        parts.add(usage.cached, at: first + TokenPart.cached.rawValue)
        parts.add(usage.cacheWritten, at: first + TokenPart.cacheWritten.rawValue)
        parts.add(usage.reasoning, at: first + TokenPart.reasoning.rawValue)
    }

    // MARK: Any thread

    public func calls(_ operation: ProviderOperation, _ outcome: Outcome) -> Int {
        calls[operation.rawValue * Outcome.allCases.count + outcome.rawValue]
    }

    /// Answers that did not say what they cost; their tokens are missing in the counts.
    public var answersWithoutUsage: Int { withoutUsage[0] }

    public func tokens(model: Int, _ direction: Direction) -> Int {
        spent[model * Direction.allCases.count + direction.rawValue]
    }

    public func tokens(model: Int, _ part: TokenPart) -> Int {
        parts[model * TokenPart.allCases.count + part.rawValue]
    }
}
