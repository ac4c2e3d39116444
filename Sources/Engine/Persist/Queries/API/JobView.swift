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

    /// The select list of what `init` reads of a row of `batch_jobs`.
    static let columns = ColumnReader.list { _ = try JobView(&$0) }

    /// - Throws: `unknownText` for a row that a newer version wrote.
    init(_ row: inout ColumnReader) throws(DatabaseError) {
        id = row.uuid("id")
        status = try row.known("status", .jobStatus)
        stage = row.text("current_stage")
        createdAt = row.timestamp("created_at")
        updatedAt = row.timestamp("updated_at")
        completedAt = row.optionalTimestamp("completed_at")
        firstEstimate = row.optionalTimestamp("estimated_completion")
        version = row.text("version")
        languages = row.textArray("languages")
        totalLots = row.int("total_lots")
        processedLots = row.int("processed_lots")
        failedLots = row.int("failed_lots")
        processedImages = row.int("processed_images")
        webhookConfigured = row.bool("webhook_configured")
        errorMessage = row.optionalText("error_message")
        visionBatchID = row.optionalText("openai_vision_batch_id")
        visionBatchIDs = row.textArray("openai_vision_batch_ids")
        translationBatchID = row.optionalText("openai_translation_batch_id")
        translationBatchIDs = row.textArray("openai_translation_batch_ids")
        requestID = row.optionalText("request_id")
    }

    /// Reads a row that has ``columns`` and no others.
    init(_ row: Row) throws(DatabaseError) {
        var columns = ColumnReader(row)
        try self.init(&columns)
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
