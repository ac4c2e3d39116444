// Rows of `openai_batches`: one per provider batch. A batch's state is committed before each act.

public enum ProviderBatches {
    private static let columns = """
        id, stage, round, sequence, \(KnownTexts.batchState), model, inline_images, cardinality(positions),
        file_bytes, account, input_file_id, batch_id, output_file_id, error_file_id, intent_at, not_before,
        clock_timestamp(), input_tokens_estimate, held_up, recalled_at IS NOT NULL, failures, setbacks, refusals,
        attempt_ended_at, lost_creations, look_again_at, is_stray, denials, denied_since, short_reads, short_since,
        lines_completed, lines_failed,
        (SELECT a.slowest_seconds FROM openai_accounts a WHERE a.account = b.account)
        """
    private static let loadStatement = Statement(
        "load_batches", "SELECT \(columns) FROM openai_batches b WHERE job_id = $1 ORDER BY stage DESC, sequence")
    private static let positionsStatement = Statement(
        "batch_positions", "SELECT positions FROM openai_batches WHERE id = $1")
    private static let insertStatement = Statement(
        "insert_batch",
        """
        INSERT INTO openai_batches
            (id, job_id, stage, round, sequence, state, model, inline_images, positions, input_tokens_estimate,
                account, intent_at)
        SELECT $1, $2, $3, $4, coalesce(max(sequence), 0) + 1, $5, $6, $7, $8, $9, $10, now()
        FROM openai_batches WHERE job_id = $2 AND stage = $3
        """)

    /// Converts all times to this machine's clock, so a wrong clock of the database does not matter.
    public static func load(_ db: any Querying, job: Identifier) async throws(DatabaseError) -> [ProviderBatch] {
        try await db.query(loadStatement, [.uuid(job)]).map { row throws(DatabaseError) in try record(row) }
    }

    private static func record(_ row: Row) throws(DatabaseError) -> ProviderBatch {
        let ahead = Timestamp.now() - row.timestamp(16)
        var batch = ProviderBatch(
            id: row.uuid(0), stage: try row.known(1, .batchStage), round: row.int(2), sequence: row.int(3),
            state: try row.known(4, .batchState), model: row.text(5))
        batch.inlineImages = row.bool(6)
        batch.lines = row.int(7)
        batch.fileBytes = row.int(8)
        batch.account = row.text(9)
        batch.inputFileID = row.optionalText(10)
        batch.batchID = row.optionalText(11)
        batch.outputFileID = row.optionalText(12)
        batch.errorFileID = row.optionalText(13)
        batch.intentAt = row.isNull(14) ? nil : row.timestamp(14) + ahead
        batch.notBefore = row.timestamp(15) + ahead
        batch.tokens = row.int(17)
        batch.isHeldUp = row.bool(18)
        batch.isRecalled = row.bool(19)
        batch.failures = row.int(20)
        batch.setbacks = row.int(21)
        batch.refusals = row.int(22)
        addProofs(row, ahead, to: &batch)
        return batch
    }

    private static func addProofs(_ row: Row, _ ahead: Double, to batch: inout ProviderBatch) {
        func time(_ column: Int) -> Timestamp? { row.optionalTimestamp(column).map { $0 + ahead } }
        batch.attemptEndedAt = time(23)
        batch.lostCreations = row.int(24)
        batch.lookAgainAt = time(25)
        batch.isStray = row.bool(26)
        batch.denials = row.int(27)
        batch.deniedSince = time(28)
        batch.shortReads = row.int(29)
        batch.shortSince = time(30)
        if !row.isNull(31), !row.isNull(32) { batch.counts = LineCounts(completed: row.int(31), failed: row.int(32)) }
        batch.slowestSeconds = row.isNull(33) ? 0 : row.double(33)
    }

    private static let lastErrorStatement = Statement(
        "batch_last_error",
        """
        SELECT error FROM openai_batches WHERE job_id = $1 AND stage = $2 AND error IS NOT NULL AND NOT is_stray
        ORDER BY sequence DESC LIMIT 1
        """)

    /// The error of the stage's latest batch that has one.
    public static func lastError(
        _ db: any Querying, job: Identifier, stage: WorkStage
    ) async throws(DatabaseError) -> String? {
        try await db.query(lastErrorStatement, [.uuid(job), .text(stage.rawValue)]).first?.optionalText(0)
    }

    public static func positions(_ db: any Querying, batch: Identifier) async throws(DatabaseError) -> [Int] {
        try await db.query(positionsStatement, [.uuid(batch)]).first?.intArray(0) ?? []
    }

    private static let accountedStatement = Statement(
        "batch_accounted",
        """
        SELECT position FROM lot_results WHERE job_id = $1 AND stage = $2 AND position = ANY ($4::int[])
        UNION SELECT position FROM line_failures WHERE shard_id = $3
        """)

    /// Those of the batch's positions whose answers, good or bad, are stored and whose usage is booked.
    public static func accounted(
        _ db: any Querying, job: Identifier, batch: ProviderBatch, positions: [Int]
    ) async throws(DatabaseError) -> [Int] {
        try await db.query(
            accountedStatement, [.uuid(job), .text(batch.stage.rawValue), .uuid(batch.id), .int4Array(positions)]
        ).map { $0.int(0) }
    }

    public static func insert(
        _ db: any Querying, job: Identifier, stage: WorkStage, round: Int, state: ProviderBatchState, model: String,
        account: String, _ planned: PlannedLots
    ) async throws(DatabaseError) -> Identifier {
        let id = Identifier.random()
        _ = try await db.query(
            insertStatement,
            [
                .uuid(id), .uuid(job), .text(stage.rawValue), .int4(round), .text(state.rawValue), .text(model),
                .bool(planned.inlineImages), .int4Array(planned.positions), .int8(planned.tokens), .text(account),
            ])
        return id
    }
}

extension ProviderBatches {
    private static let strayStatement = Statement(
        "insert_stray",
        """
        INSERT INTO openai_batches (id, job_id, stage, round, sequence, state, model, inline_images, positions,
            input_tokens_estimate, account, intent_at, submitted_at, batch_id, provider_status, is_stray)
        SELECT $1, o.job_id, o.stage, o.round,
            (SELECT max(s.sequence) + 1 FROM openai_batches s WHERE s.job_id = o.job_id AND s.stage = o.stage),
            'submitted', o.model, o.inline_images, o.positions, o.input_tokens_estimate, $3, now(), now(), $4, $5, true
        FROM openai_batches o WHERE o.id = $2 AND NOT EXISTS (
            SELECT 1 FROM openai_batches k WHERE k.job_id = o.job_id AND k.batch_id = $4)
        """)
    private static let unaccountedStatement = Statement(
        "batch_unaccounted",
        """
        UPDATE openai_batches b SET positions = ARRAY(
            SELECT p.position FROM unnest(b.positions) WITH ORDINALITY AS p (position, place)
            WHERE NOT EXISTS (SELECT 1 FROM lot_results r
                    WHERE r.job_id = b.job_id AND r.stage = b.stage AND r.position = p.position)
                AND NOT EXISTS (SELECT 1 FROM line_failures f WHERE f.shard_id = b.id AND f.position = p.position)
            ORDER BY p.place)
        WHERE b.id = $1
        """)

    /// Adds a second batch of `batch`'s lots, which the provider lists as `id`. The row names no input file, because
    /// the file is still needed by `batch`.
    /// - Returns: false if a row of the job names that batch already.
    public static func insertStray(
        _ db: any Querying, of batch: ProviderBatch, account: String, id: String, status: String
    ) async throws(DatabaseError) -> Bool {
        let values: [PGValue] = [
            .uuid(.random()), .uuid(batch.id), .text(account), .text(id), .text(status),
        ]
        return try await db.query(strayStatement, values).affected == 1
    }

    private static let addStatement = Statement(
        "batch_add_position", "UPDATE openai_batches SET positions = positions || $2::int WHERE id = $1")

    /// Adds a lot to a batch in `asking`.
    public static func add(_ db: any Querying, position: Int, to batch: Identifier) async throws(DatabaseError) {
        _ = try await db.query(addStatement, [.uuid(batch), .int4(position)])
    }

    private static let lostStatement = Statement(
        "lost_answers",
        """
        SELECT p.position, count(*) FROM openai_batches b, unnest(b.positions) AS p (position)
        WHERE b.job_id = $1 AND b.stage = $2 AND b.state = 'abandoned' AND b.error = $3
            AND p.position = ANY ($4::int[])
        GROUP BY p.position
        """)

    /// Returns how often each of the positions was in a batch that was given up for this reason.
    public static func lostAnswers(
        _ db: any Querying, job: Identifier, stage: WorkStage, positions: [Int], reason: String
    ) async throws(DatabaseError) -> [Int: Int] {
        let values: [PGValue] = [.uuid(job), .text(stage.rawValue), .text(reason), .int4Array(positions)]
        let rows = try await db.query(lostStatement, values)
        return Dictionary(rows.map { ($0.int(0), $0.int(1)) }) { $0 + $1 }
    }

    /// Leaves only those of the batch's lots whose lines are not booked yet.
    public static func keepUnaccounted(_ db: any Querying, batch: Identifier) async throws(DatabaseError) {
        _ = try await db.query(unaccountedStatement, [.uuid(batch)])
    }
}

/// The lots of a batch to be inserted.
public struct PlannedLots: Sendable {
    public let positions: [Int]
    public let tokens: Int
    public let inlineImages: Bool

    public init(positions: [Int], tokens: Int, inlineImages: Bool) {
        self.positions = positions
        self.tokens = tokens
        self.inlineImages = inlineImages
    }
}
