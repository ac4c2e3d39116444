// The writes that a decision about a provider batch asks for; the writer executes them in one transaction. Values.

/// A decision about a provider batch. ``BatchMachine/after(_:_:_:)`` makes it, ``BatchWriter`` writes it.
public struct BatchVerdict: Sendable {
    /// Change of the message in the job's row that says why the job waits.
    public enum JobMessage: Sendable, Equatable {
        case unchanged, cleared
        case says(String)
    }

    /// The runner's step after the write.
    public enum Then: Sendable, Equatable {
        case goOn
        /// Nothing was done. The job waits for as long as the error asks, then tries again.
        case pause(OpenAIError)
        /// Every line would meet the same refusal: the job's open lots fail with this reason.
        case failOpenLots(String)
    }

    /// The verdict's name, for the transaction and its crash points.
    public var name: Commit
    /// The change of the row; its present state is the batch's own.
    public var move: BatchMove
    public var message = JobMessage.unchanged
    public var then = Then.goOn
    /// Removes the row: it has certainly led to nothing at the provider.
    public var removesRow = false
    /// Replaces the batch by two, each with half of its lots.
    public var isHalved = false
    /// Names the batch in the job's row (C5.4).
    public var namesBatch = false
    /// Answers and failed lines that are stored in the same transaction.
    public var page = CollectedPage()
    /// Further batches of the row's lots at the provider: each gets a row of its own.
    public var strays: [BatchObject] = []
    /// The account took this long until it showed the batch, longer than ever before, seconds.
    public var slowSeconds: Double?
    /// Tokens that are booked in the same transaction.
    public var usage: [ModelUsage] = []

    /// The log line has level error, because a developer has to see to it.
    public var isOurMistake = false
    /// No log line: this happens all the time.
    public var isQuiet = false

    /// Keeps the batch's counts, but sets `failures` to 0.
    init(_ name: Commit, _ batch: ProviderBatch, to state: ProviderBatchState) {
        self.name = name
        move = BatchMove(to: state)
        (move.setbacks, move.refusals, move.lostCreations) = (batch.setbacks, batch.refusals, batch.lostCreations)
        (move.denials, move.shortReads) = (batch.denials, batch.shortReads)
    }
}

/// Outcomes of some lines.
public struct CollectedPage: Sendable {
    public var answers: [(position: Int, answer: ModelAnswer)] = []
    public var failures: [(failure: LineFailure, usage: Usage?)] = []
    /// Lines that were refused because of their pictures: the lots go again without them. Each is in `failures`, too.
    public var refusedPictures: [(position: Int, error: OpenAIError)] = []
    /// Bytes of the page's text.
    public var bytes = 0
    /// The error if the account could not run some of the lines.
    public var heldUp: OpenAIError?

    /// Most bytes of text per page.
    static let bytesMax = 4 * 1024 * 1024

    public init() {}

    var isEmpty: Bool { answers.isEmpty && failures.isEmpty }
}
