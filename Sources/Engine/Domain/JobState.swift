// A batch job and its shards as values: what the machine decides on. The picture is in docs/ARCHITECTURE.md.

/// Where a job stands, as the integrator sees it (the document's life-cycle table).
public enum JobStatus: String, CaseIterable, Sendable {
    case pending, processing, translating, completed, failed, cancelled

    /// An ended job is immutable.
    public var isOpen: Bool {
        switch self {
        case .pending, .processing, .translating: true
        case .completed, .failed, .cancelled: false
        }
    }

    /// The webhook event that tells of this end (C6.1); nil while the job is open.
    public var endEvent: String? {
        switch self {
        case .pending, .processing, .translating: nil
        case .completed: "batch_job_completed"
        case .failed: "batch_job_failed"
        case .cancelled: "batch_job_cancelled"
        }
    }
}

/// `current_stage` of the status reply (C5.3).
public enum JobStage: String, CaseIterable, Sendable {
    case queued
    case imagePrefetch = "image_prefetch"
    case visionAnalysis = "vision_analysis"
    case translation
    case finalizing
    case done
}

/// The two stages that the provider works for.
public enum WorkStage: String, CaseIterable, Sendable {
    case vision, translation
}

/// A shard is one batch at the provider; its row is committed before each act (ARCHITECTURE, submit exactly once).
public enum ShardState: String, CaseIterable, Sendable {
    /// Its lots are being asked for directly: one before a stage's first shard, a few at a time near the deadline.
    case canary
    /// Its lots are fixed; nothing was sent.
    case planned
    /// Intent: its file is being uploaded.
    case uploading
    /// The file is there; no batch yet.
    case uploaded
    /// Intent: its batch is being created.
    case creating
    /// The provider works on it.
    case submitted
    /// The provider has ended it; its answers wait to be collected.
    case ended
    /// Its answers are in `lot_results`.
    case collected
    /// Given up; its lots are planned anew, or are in the shards that it was cut into.
    case abandoned
}

/// A job's row as far as decisions need it.
public struct JobRecord: Sendable, Equatable {
    public var id: Identifier
    public var status: JobStatus
    public var stage: JobStage
    public var languages: [String]
    public var totalLots: Int
    public var processedLots: Int
    public var failedLots: Int
    public var createdAt: Timestamp
    /// Who holds the lease writes with this epoch; any other epoch in the row means the lease is lost.
    public var epoch: Int
    public var cleanupPending: Bool
    /// The `X-Request-ID` of the request that made it; nil for old ones.
    public var requestID: String?

    public init(
        id: Identifier, status: JobStatus, stage: JobStage, languages: [String], totalLots: Int, processedLots: Int,
        failedLots: Int, createdAt: Timestamp, epoch: Int, cleanupPending: Bool, requestID: String? = nil
    ) {
        self.id = id
        self.status = status
        self.stage = stage
        self.languages = languages
        self.totalLots = totalLots
        self.processedLots = processedLots
        self.failedLots = failedLots
        self.createdAt = createdAt
        self.epoch = epoch
        self.cleanupPending = cleanupPending
        self.requestID = requestID
    }

    /// The languages that are translated: all but plain English (C2.4, C5.6).
    public var translatedLanguages: [String] { JobRecord.translated(languages) }

    public static func translated(_ languages: [String]) -> [String] {
        languages.filter { $0.lowercased() != "en" }
    }
}

/// A shard's row without its lots.
public struct ShardRecord: Sendable, Equatable {
    public var id: Identifier
    public var stage: WorkStage
    public var round: Int
    public var sequence: Int
    public var state: ShardState
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
    /// Input tokens, estimated.
    public var tokens: Int
    /// The account could not run it: its lines count as not tried.
    public var isHeldUp: Bool
    /// Its batch was asked to end early.
    public var isRecalled: Bool

    public init(
        id: Identifier, stage: WorkStage, round: Int, sequence: Int, state: ShardState, model: String,
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
