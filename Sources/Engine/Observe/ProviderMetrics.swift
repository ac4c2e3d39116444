// What is asked of OpenAI, how it went and what it cost. Written on the loop's thread, read on any.

/// The operations of the API that the service uses.
public enum ProviderOperation: Int, MetricLabel {
    case createResponse, uploadFile, readFile, listFiles, deleteFile, createBatch, getBatch, listBatches, cancelBatch
    case listModels
}

public final class ProviderMetrics: Sendable {
    /// How a call ended; each try is a call.
    public enum Outcome: Int, MetricLabel {
        case ok
        /// 429, or a code that means the same.
        case rateLimited
        /// The account's money is spent.
        case quota
        case modelNotFound
        /// Any other 4xx.
        case refused
        /// 5xx.
        case serverError
        /// No connection, or it broke.
        case unreachable
        case timedOut
        /// An answer that cannot be read.
        case malformed
        /// By us: the client went away, the process ends, an upload's source failed.
        case cancelled
    }

    public enum Direction: Int, MetricLabel { case input, output }

    /// Models that are told apart; the last place is for all others.
    public static let modelsMax = 16

    /// By operation: to the end of the answer; of a file that is read, to its head.
    public let durations = Histograms(rows: ProviderOperation.allCases.count, .calls)
    private let calls = Tallies(ProviderOperation.allCases.count * Outcome.allCases.count)
    private let spent = Tallies(ProviderMetrics.modelsMax * Direction.allCases.count)

    init() {}

    // MARK: The loop's thread

    public func called(_ operation: ProviderOperation, _ outcome: Outcome, nanoseconds: Int) {
        calls.add(at: operation.rawValue * Outcome.allCases.count + outcome.rawValue)
        durations.observe(nanoseconds: nanoseconds, row: operation.rawValue)
    }

    /// - Parameter model: its place among the configured ones.
    public func spent(model: Int, input: Int, output: Int) {
        let place = min(max(0, model), ProviderMetrics.modelsMax - 1) * Direction.allCases.count
        spent.add(input, at: place + Direction.input.rawValue)
        spent.add(output, at: place + Direction.output.rawValue)
    }

    // MARK: Any thread

    public func calls(_ operation: ProviderOperation, _ outcome: Outcome) -> Int {
        calls[operation.rawValue * Outcome.allCases.count + outcome.rawValue]
    }

    public func tokens(model: Int, _ direction: Direction) -> Int {
        spent[model * Direction.allCases.count + direction.rawValue]
    }
}
