// A batch at the provider: one row of `openai_batches`, as decisions see it. Pure.

/// State of a provider batch. The row is committed before each act. `BatchMachine.moves` lists the legal moves.
public enum ProviderBatchState: String, CaseIterable, Sendable {
    /// Its lots are being asked for directly: one before a stage's first batch, a few at a time near the deadline.
    case asking
    /// Its lots are fixed; nothing was sent.
    case planned
    /// Intent: its file is being uploaded.
    case uploading
    /// The file is at the provider; no batch yet.
    case uploaded
    /// Intent: its batch is being created.
    case creating
    /// The provider works on it.
    case submitted
    /// The provider has ended it; its answers wait to be collected.
    case ended
    /// Its answers are in `lot_results`.
    case collected
    /// Given up. Its lots are planned anew, or are in the two batches that it was cut into.
    case abandoned

    /// Something is still to be done about it.
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
    /// Base URL and key fingerprint of the account that it was made with.
    public var account = ""
    public var inputFileID: String?
    public var batchID: String?
    public var outputFileID: String?
    public var errorFileID: String?
    /// When the last intent was committed, on this machine's clock.
    public var intentAt: Timestamp?
    /// The next act is due then, on this machine's clock.
    public var notBefore = Timestamp(microseconds: 0)
    /// Input tokens, estimated.
    public var tokens = 0
    /// The account could not run it: its lines count as not tried.
    public var isHeldUp = false
    /// The provider was asked to end it early.
    public var isRecalled = false
    /// Failures in a row; an act that succeeds ends the row.
    public var failures = 0
    /// Creations that came to nothing for a passing reason.
    public var setbacks = 0
    /// Creations that found the provider's queue full.
    public var refusals = 0

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
