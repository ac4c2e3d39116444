// The only writes to a batch's row after its birth. Each belongs in a transaction that begins with `HoldLease`.

public enum ProviderBatchMoves {
    private static let stateStatement = Statement(
        "batch_state",
        """
        UPDATE openai_batches SET state = $2, error = $3, not_before = now() + make_interval(secs => $4),
            intent_at = CASE WHEN $2 IN ('uploading', 'creating') THEN now() ELSE intent_at END,
            ended_at = CASE WHEN $2 IN ('collected', 'abandoned') THEN now() ELSE ended_at END,
            account = coalesce($5, account)
        WHERE id = $1
        """)
    private static let fileStatement = Statement(
        "batch_file", "UPDATE openai_batches SET positions = $2, file_bytes = $3 WHERE id = $1")
    private static let uploadedStatement = Statement(
        "batch_uploaded",
        """
        UPDATE openai_batches SET state = 'uploaded', input_file_id = $2, not_before = now(), error = NULL
        WHERE id = $1
        """)
    private static let submittedStatement = Statement(
        "batch_submitted",
        """
        UPDATE openai_batches SET state = 'submitted', batch_id = $2, provider_status = $3, submitted_at = now(),
            not_before = now() + make_interval(secs => $4), error = NULL
        WHERE id = $1
        """)
    private static let namedStatement = Statement(
        "job_batch_ids",
        """
        UPDATE batch_jobs SET updated_at = now(), error_message = NULL,
            openai_vision_batch_id = CASE WHEN $2 = 'vision' THEN coalesce(openai_vision_batch_id, $3)
                ELSE openai_vision_batch_id END,
            openai_vision_batch_ids = CASE WHEN $2 = 'vision' THEN array_append(openai_vision_batch_ids, $3)
                ELSE openai_vision_batch_ids END,
            openai_translation_batch_id = CASE WHEN $2 = 'translation' THEN coalesce(openai_translation_batch_id, $3)
                ELSE openai_translation_batch_id END,
            openai_translation_batch_ids = CASE WHEN $2 = 'translation'
                THEN array_append(openai_translation_batch_ids, $3) ELSE openai_translation_batch_ids END
        WHERE id = $1
        """)
    private static let polledStatement = Statement(
        "batch_polled",
        """
        UPDATE openai_batches SET provider_status = $2, output_file_id = $3, error_file_id = $4, state = $5,
            not_before = now() + make_interval(secs => $6)
        WHERE id = $1
        """)

    /// Moves to `state`. The next step is due in `wait` seconds; `error` is kept for operators; `account` is whose
    /// the act is that follows.
    public static func move(
        _ db: any Querying, batch: Identifier, to state: ProviderBatchState, error: String? = nil, wait: Double = 0,
        account: String? = nil
    ) async throws(DatabaseError) {
        _ = try await db.query(
            stateStatement,
            [.uuid(batch), .text(state.rawValue), .text(error), .double(wait), .text(account)])
    }

    private static let heldUpStatement = Statement(
        "batch_held_up",
        "UPDATE openai_batches SET state = 'abandoned', held_up = true, error = $2, ended_at = now() WHERE id = $1")
    private static let recalledStatement = Statement(
        "batch_recalled",
        """
        UPDATE openai_batches SET recalled_at = now(), provider_status = $2,
            not_before = now() + make_interval(secs => $3)
        WHERE id = $1
        """)

    /// The account could not run it: its lots are planned anew and count as not tried.
    public static func holdUp(
        _ db: any Querying, batch: Identifier, because reason: String
    ) async throws(DatabaseError) {
        _ = try await db.query(heldUpStatement, [.uuid(batch), .text(reason)])
    }

    /// Its batch was asked to end early; the next look at it is due in `wait` seconds.
    public static func recalled(
        _ db: any Querying, batch: Identifier, providerStatus: String, wait: Double
    ) async throws(DatabaseError) {
        _ = try await db.query(recalledStatement, [.uuid(batch), .text(providerStatus), .double(wait)])
    }

    private static let delayStatement = Statement(
        "batch_delay",
        "UPDATE openai_batches SET error = $2, not_before = now() + make_interval(secs => $3) WHERE id = $1")

    /// Stays where it is; the next step is due in `wait` seconds.
    public static func delay(
        _ db: any Querying, batch: Identifier, error: String?, wait: Double
    ) async throws(DatabaseError) {
        _ = try await db.query(delayStatement, [.uuid(batch), .text(error), .double(wait)])
    }

    /// What the file really holds, once it was built.
    public static func setFile(
        _ db: any Querying, batch: Identifier, positions: [Int], bytes: Int
    ) async throws(DatabaseError) {
        _ = try await db.query(fileStatement, [.uuid(batch), .int4Array(positions), .int8(bytes)])
    }

    public static func uploaded(_ db: any Querying, batch: Identifier, file: String) async throws(DatabaseError) {
        _ = try await db.query(uploadedStatement, [.uuid(batch), .text(file)])
    }

    /// The batch is known; it is named in the row of `job` as well (C5.4), unless that has ended.
    public static func submitted(
        _ db: any Querying, job: Identifier?, batch: ProviderBatch, batchID: String, providerStatus: String,
        wait: Double
    ) async throws(DatabaseError) {
        _ = try await db.query(
            submittedStatement, [.uuid(batch.id), .text(batchID), .text(providerStatus), .double(wait)])
        guard let job else { return }
        _ = try await db.query(namedStatement, [.uuid(job), .text(batch.stage.rawValue), .text(batchID)])
    }

    public static func polled(
        _ db: any Querying, batch: Identifier, providerStatus: String, outputFile: String?, errorFile: String?,
        state: ProviderBatchState, wait: Double
    ) async throws(DatabaseError) {
        _ = try await db.query(
            polledStatement,
            [
                .uuid(batch), .text(providerStatus), .text(outputFile),
                .text(errorFile), .text(state.rawValue), .double(wait),
            ])
    }
}
