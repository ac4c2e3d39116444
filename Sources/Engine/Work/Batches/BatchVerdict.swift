// What is to be written about a provider batch, as one value: the writer executes it in one transaction. Values.

/// A decision about a provider batch. ``BatchMachine/after(_:_:_:)`` makes it, ``BatchWriter`` writes it.
public struct BatchVerdict: Sendable {
    /// What becomes of the message in the job's row that says why it stands still.
    public enum JobMessage: Sendable, Equatable {
        case unchanged, cleared
        case says(String)
    }

    /// What the runner does once it is written.
    public enum Then: Sendable, Equatable {
        case goOn
        /// Nothing was done; the job rests for as long as the error asks, and tries again.
        case pause(OpenAIError)
        /// Every line would meet the same refusal: the job's open lots fail with this reason.
        case failOpenLots(String)
    }

    /// The verdict's name, for the transaction and its crash points.
    public var name: Commit
    /// Where the row goes; the state that it comes from is the batch's own.
    public var to: ProviderBatchState
    /// The next act is due after so many seconds.
    public var waitSeconds = 0.0
    /// Kept in the row, for operators.
    public var error: String?
    public var message = JobMessage.unchanged
    public var then = Then.goOn
    /// What the row counts from now on.
    public var failures: Int
    public var setbacks: Int
    public var refusals: Int

    // What has become known; nil leaves the column as it is.
    public var account: String?
    public var file: String?
    public var builtPositions: [Int]?
    public var builtBytes: Int?
    public var batchID: String?
    public var providerStatus: String?
    public var outputFile: String?
    public var errorFile: String?
    public var isRecalled = false
    public var isHeldUp = false

    /// The row is removed: it has certainly led to nothing outside.
    public var removesRow = false
    /// Two batches take its place, each with half of its lots.
    public var isHalved = false
    /// Names the batch in the job's row (C5.4).
    public var namesBatch = false
    /// Answers, or failures of lines, that are stored with it.
    public var page = CollectedPage()
    /// Tokens that are booked with it.
    public var usage: [ModelUsage] = []

    /// Keeps the batch's counts; `failures` begin anew.
    init(_ name: Commit, _ batch: ProviderBatch, to state: ProviderBatchState) {
        self.name = name
        to = state
        failures = 0
        setbacks = batch.setbacks
        refusals = batch.refusals
    }
}

/// Outcomes of some lines.
public struct CollectedPage: Sendable {
    public var answers: [(position: Int, answer: ModelAnswer)] = []
    public var failures: [(failure: LineFailure, usage: Usage?)] = []
    /// Bytes of their text.
    public var bytes = 0
    /// Why the account could not run some of the lines.
    public var heldUp: OpenAIError?

    /// Text held at a time, bytes.
    static let bytesMax = 4 * 1024 * 1024

    public init() {}

    var isEmpty: Bool { answers.isEmpty && failures.isEmpty }
}
