// The columns of a job's row that decisions need. Pure.

/// A job's row, limited to the columns that decisions need.
public struct JobRecord: Sendable, Equatable {
    public var id: Identifier
    public var status: JobStatus
    public var stage: JobStage
    public var languages: [String]
    public var totalLots: Int
    public var processedLots: Int
    public var failedLots: Int
    public var createdAt: Timestamp
    /// The holder of the lease writes with this epoch. Any other epoch in the row means that the lease is lost.
    public var epoch: Int
    public var cleanupPending: Bool
    /// The `X-Request-ID` of the request that created the job; nil for jobs older than that column.
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

    /// The languages that need a translation: all except plain English (C2.4, C5.6).
    public var translatedLanguages: [String] { JobRecord.translated(languages) }

    public static func translated(_ languages: [String]) -> [String] {
        languages.filter { $0.lowercased() != "en" }
    }
}
