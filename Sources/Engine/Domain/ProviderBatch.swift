// A batch at the provider: one row of `openai_batches`, as decisions see it. Pure.

/// State of a provider batch. The row is committed before each act (docs/ARCHITECTURE.md).
/// ``BatchMachine/moves`` lists the legal moves.
public enum ProviderBatchState: String, CaseIterable, Sendable {
    /// Its lots are requested directly: one before a stage's first batch, a few at a time near the deadline.
    case canary
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
    /// Given up. Its lots are planned again, or belong to the batches that it was split into.
    case abandoned
}

/// A provider batch's row without its lots.
public struct ProviderBatch: Sendable, Equatable {
    public var id: Identifier
    public var stage: WorkStage
    public var round: Int
    public var sequence: Int
    public var state: ProviderBatchState
    public var model: String
    public var inlineImages: Bool
    public var lines: Int
    public var fileBytes: Int
    public var account: String
    public var inputFileID: String?
    public var batchID: String?
    public var outputFileID: String?
    public var errorFileID: String?
    public var intentAt: Timestamp?
    public var notBefore: Timestamp
    /// Estimated input tokens.
    public var tokens: Int
    /// The account could not run it; its lines count as not tried.
    public var isHeldUp: Bool
    /// The provider was asked to cancel it early.
    public var isRecalled: Bool

    public init(
        id: Identifier, stage: WorkStage, round: Int, sequence: Int, state: ProviderBatchState, model: String,
        inlineImages: Bool = false, lines: Int = 1, fileBytes: Int = 0, account: String = "",
        inputFileID: String? = nil,
        batchID: String? = nil, outputFileID: String? = nil, errorFileID: String? = nil, intentAt: Timestamp? = nil,
        notBefore: Timestamp = Timestamp(microseconds: 0), tokens: Int = 0, isHeldUp: Bool = false,
        isRecalled: Bool = false
    ) {
        self.id = id
        self.stage = stage
        self.round = round
        self.sequence = sequence
        self.state = state
        self.model = model
        self.inlineImages = inlineImages
        self.lines = lines
        self.fileBytes = fileBytes
        self.account = account
        self.inputFileID = inputFileID
        self.batchID = batchID
        self.outputFileID = outputFileID
        self.errorFileID = errorFileID
        self.intentAt = intentAt
        self.notBefore = notBefore
        self.tokens = tokens
        self.isHeldUp = isHeldUp
        self.isRecalled = isRecalled
    }
}
