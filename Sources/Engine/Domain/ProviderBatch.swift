// A batch at the provider: one row of `openai_batches`, as decisions see it. Pure.

/// State of a provider batch. The row is committed before each act. `BatchMachine.moves` lists the legal moves.
public enum ProviderBatchState: String, CaseIterable, Sendable {
    /// Its lots are requested directly: one before a stage's first batch, a few at a time near the deadline.
    case asking
    /// Its lots are fixed; nothing was sent.
    case planned
    /// Intent: its file is being uploaded.
    case uploading
    /// The file is at the provider; no batch was created yet.
    case uploaded
    /// Intent: its batch is being created.
    case creating
    /// The provider works on it.
    case submitted
    /// The provider has ended it; its answers are not collected yet.
    case ended
    /// Its answers are in `lot_results`.
    case collected
    /// Given up. Its lots are planned again, or belong to the two batches that it was split into.
    case abandoned

    /// False once nothing more is done about the batch.
    public var isOpen: Bool {
        switch self {
        case .asking, .planned, .uploading, .uploaded, .creating, .submitted, .ended: true
        case .collected, .abandoned: false
        }
    }
}

/// A provider batch's row without its lots.
public struct ProviderBatch: Sendable, Equatable {
    public var id: Identifier
    public var stage: WorkStage
    public var round: Int
    public var sequence: Int
    public var state: ProviderBatchState
    public var model: String
    public var inlineImages = false
    public var lines = 1
    public var fileBytes = 0
    /// The account that created it: base URL and fingerprint of the key.
    public var account = ""
    public var inputFileID: String?
    public var batchID: String?
    public var outputFileID: String?
    public var errorFileID: String?
    /// Time of the last intent, on this machine's clock.
    public var intentAt: Timestamp?
    /// Time when the next act is due, on this machine's clock.
    public var notBefore = Timestamp(microseconds: 0)
    /// Estimated input tokens.
    public var tokens = 0
    /// The account could not run it; its lines count as not tried.
    public var isHeldUp = false
    /// The provider was asked to cancel it early.
    public var isRecalled = false
    /// Number of failures in succession; a successful act resets it to 0.
    public var failures = 0
    /// Number of creations that were refused with 400 or 404, or came to nothing for a passing reason.
    public var setbacks = 0
    /// Number of creations that the provider refused because its queue was full.
    public var refusals = 0
    /// Time when its creation was given up without a known outcome, on this machine's clock; nil while it is under way,
    /// and after a crash.
    public var attemptEndedAt: Timestamp?
    /// Number of creations whose outcome was never learned.
    public var lostCreations = 0
    /// Time of the next look for further batches of this row, on this machine's clock; nil if none is needed.
    public var lookAgainAt: Timestamp?
    /// A second batch of lots that another row has, or one that was given up while it was at work. It is cancelled and
    /// its cost is booked; its answers are not used.
    public var isStray = false
    /// Number of times since `deniedSince` that the provider itself said that the batch or its file does not exist.
    public var denials = 0
    /// Time of the first denial, on this machine's clock.
    public var deniedSince: Timestamp?
    /// Number of times since `shortSince` that answer files lacked lines that the provider counts.
    public var shortReads = 0
    /// Time of the first short read, on this machine's clock.
    public var shortSince: Timestamp?
    /// The provider's counts of an ended batch; nil if they are unknown.
    public var counts: LineCounts?
    /// Longest time that its account is known to have taken until it showed a new batch, seconds.
    public var slowestSeconds = 0.0

    public init(
        id: Identifier, stage: WorkStage, round: Int, sequence: Int, state: ProviderBatchState, model: String
    ) {
        self.id = id
        self.stage = stage
        self.round = round
        self.sequence = sequence
        self.state = state
        self.model = model
    }
}

/// Lines of a provider batch as the provider counts them. Lines that never ran are in neither count.
public struct LineCounts: Sendable, Equatable {
    /// Lines with an answer of status 2xx.
    public var completed: Int
    public var failed: Int

    public init(completed: Int, failed: Int) {
        self.completed = completed
        self.failed = failed
    }
}
