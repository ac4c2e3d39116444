// A job as its integrator sees it, for status, results and cancel. Any thread.

/// One job's row.
public struct JobView: Sendable {
    public var id: Identifier
    public var status: JobStatus
    public var stage: String
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    public var completedAt: Timestamp?
    public var firstEstimate: Timestamp?
    public var version: String
    public var languages: [String]
    public var totalLots: Int
    public var processedLots: Int
    public var failedLots: Int
    public var processedImages: Int
    public var webhookConfigured: Bool
    public var errorMessage: String?
    public var visionBatchID: String?
    public var visionBatchIDs: [String]
    public var translationBatchID: String?
    public var translationBatchIDs: [String]
    /// The `X-Request-ID` of the request that created the job; nil for jobs older than that column.
    public var requestID: String?

    /// Columns in the order that `init` reads them.
    static let columns = """
        id, status, current_stage, created_at, updated_at, completed_at, estimated_completion, version, languages,
        total_lots, processed_lots, failed_lots, processed_images, webhook_configured, error_message,
        openai_vision_batch_id, openai_vision_batch_ids, openai_translation_batch_id, openai_translation_batch_ids,
        request_id
        """

    /// Number of columns; a query's further columns start at this index.
    static let columnCount = 20

    /// - Throws: `unknownText` for a row that a newer version wrote.
    init(_ row: Row) throws(DatabaseError) {
        id = row.uuid(0)
        status = try row.known(1, .jobStatus)
        stage = row.text(2)
        createdAt = row.timestamp(3)
        updatedAt = row.timestamp(4)
        completedAt = row.optionalTimestamp(5)
        firstEstimate = row.optionalTimestamp(6)
        version = row.text(7)
        languages = row.textArray(8)
        totalLots = row.int(9)
        processedLots = row.int(10)
        failedLots = row.int(11)
        processedImages = row.int(12)
        webhookConfigured = row.bool(13)
        errorMessage = row.optionalText(14)
        visionBatchID = row.optionalText(15)
        visionBatchIDs = row.textArray(16)
        translationBatchID = row.optionalText(17)
        translationBatchIDs = row.textArray(18)
        requestID = row.optionalText(19)
    }
}

extension JobView {
    /// One decimal; 100 only when all lots are done (C5.2).
    public var completionPercentage: Double {
        guard processedLots < totalLots else { return 100 }
        let rounded = (Double(processedLots) * 1000 / Double(totalLots)).rounded(.toNearestOrEven) / 10
        return min(rounded, 99.9)
    }

    /// nil for an ended job (C5.3).
    public func estimatedCompletion(at now: Timestamp) -> Timestamp? {
        guard status.isOpen else { return nil }
        return Estimate.completion(
            createdAt: createdAt, now: now, totalLots: totalLots, processedLots: processedLots, first: firstEstimate)
    }
}
