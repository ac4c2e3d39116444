// Details on a job's page beside its row: progress per stage, its batches at OpenAI and its events.

/// Number of lots that have an outcome in a stage.
public struct StageCount: Equatable, Sendable {
    public let stage: String
    public let done: Int
    /// Number of failed lots among `done`.
    public let failed: Int

    public init(stage: String, done: Int, failed: Int) {
        self.stage = stage
        self.done = done
        self.failed = failed
    }
}

/// A batch at OpenAI as people see it.
public struct BatchView: Sendable {
    public let id: Identifier
    public let stage: String
    public let round: Int
    public let sequence: Int
    public let state: String
    public let model: String
    public let lots: Int
    public let fileBytes: Int
    public let batchID: String?
    public let providerStatus: String?
    public let error: String?
    public let createdAt: Timestamp
    public let submittedAt: Timestamp?
    public let endedAt: Timestamp?

    /// Of a row of `openai_batches`.
    fileprivate init(_ row: inout ColumnReader) {
        id = row.uuid("id")
        stage = row.text("stage")
        round = row.int("round")
        sequence = row.int("sequence")
        state = row.text("state")
        model = row.text("model")
        lots = row.int("cardinality(positions)")
        fileBytes = row.int("file_bytes")
        batchID = row.optionalText("batch_id")
        providerStatus = row.optionalText("provider_status")
        error = row.optionalText("error")
        createdAt = row.timestamp("created_at")
        submittedAt = row.optionalTimestamp("submitted_at")
        endedAt = row.optionalTimestamp("ended_at")
    }
}

/// A line of the audit trail.
public struct JobEventView: Sendable {
    public let at: Timestamp
    public let event: String
    public let instance: String?
    public let detail: String?
}

public enum JobInside {
    /// Most batches shown, the latest ones.
    public static let batchesMax = 200
    /// Most events shown, the latest ones.
    public static let eventsMax = 100

    private static let stagesStatement = Statement(
        "stage_counts",
        """
        SELECT stage, count(*), count(*) FILTER (WHERE NOT succeeded) FROM lot_results
        WHERE job_id = $1 AND stage = ANY ($2) GROUP BY stage
        """)
    private static let batchesStatement = Statement(
        "batch_views",
        """
        SELECT \(ColumnReader.list { _ = BatchView(&$0) })
        FROM (SELECT * FROM openai_batches WHERE job_id = $1 ORDER BY created_at DESC, sequence DESC
            LIMIT \(batchesMax)) AS latest
        ORDER BY stage DESC, sequence
        """)
    private static let eventsStatement = Statement(
        "job_event_views",
        """
        SELECT at, event, instance_id, detail FROM job_events WHERE job_id = $1 ORDER BY id DESC LIMIT \(eventsMax)
        """)

    /// Returns the counts of those `stages` that have rows. Its time grows with the number of rows.
    public static func stages(
        _ db: any Querying, job: Identifier, stages: [String]
    ) async throws(DatabaseError) -> [StageCount] {
        if stages.isEmpty { return [] }
        return try await db.query(stagesStatement, [.uuid(job), .textArray(stages)]).map {
            StageCount(stage: $0.text(0), done: $0.int(1), failed: $0.int(2))
        }
    }

    public static func batches(_ db: any Querying, job: Identifier) async throws(DatabaseError) -> [BatchView] {
        try await db.query(batchesStatement, [.uuid(job)]).map {
            var row = ColumnReader($0)
            return BatchView(&row)
        }
    }

    /// Newest first.
    public static func events(_ db: any Querying, job: Identifier) async throws(DatabaseError) -> [JobEventView] {
        try await db.query(eventsStatement, [.uuid(job)]).map {
            JobEventView(
                at: $0.timestamp(0), event: $0.text(1), instance: $0.optionalText(2), detail: $0.optionalText(3))
        }
    }
}
