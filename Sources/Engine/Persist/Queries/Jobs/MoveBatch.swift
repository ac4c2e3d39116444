// The one UPDATE of a provider batch, and its removal. Both name the state that the row comes from, so a programming
// error cannot move a batch that is in another state. Both belong in a transaction that begins with `HoldLease`.

/// The values of an UPDATE. Nil keeps a column as it is, except `error`.
public struct BatchMove: Sendable {
    public var to: ProviderBatchState
    public var waitSeconds = 0.0
    public var error: String?
    /// Leaves `error` as it is: a success does not hide the last trouble from operators.
    public var keepsError = false
    public var failures = 0
    public var setbacks = 0
    public var refusals = 0
    public var account: String?
    public var file: String?
    public var positions: [Int]?
    public var bytes: Int?
    public var batchID: String?
    public var providerStatus: String?
    public var outputFile: String?
    public var errorFile: String?
    public var isRecalled = false
    public var isHeldUp = false
    /// The attempt to create the batch was given up without a known outcome.
    public var endsAttempt = false
    public var lostCreations = 0
    public var look = Look.unchanged
    public var becomesStray = false
    public var denials = 0
    public var shortReads = 0
    public var counts: LineCounts?
    /// Leaves the time of the next act as it is.
    public var keepsTime = false

    /// Change of the time of the next look for further batches of the row.
    public enum Look: Sendable, Equatable {
        case unchanged, done
        /// Seconds from now.
        case after(Double)
    }

    public init(to state: ProviderBatchState) { to = state }
}

/// The row is neither in the expected state nor in the target state, because another writer has moved it. The
/// error ends the step.
public struct StaleBatch: Error, Sendable, CustomStringConvertible {
    public let batch: Identifier
    public let expected: ProviderBatchState
    public let to: ProviderBatchState
    /// Nil if the row does not exist.
    public let found: String?

    public var description: String {
        "batch \(batch) is \(found ?? "gone"), so it cannot go from \(expected.rawValue) to \(to.rawValue)"
    }
}

public enum MoveBatch {
    private static let isAt = "\(KnownTexts.batchState) = $2"
    private static let moveStatement = Statement(
        "move_batch",
        """
        UPDATE openai_batches b SET state = $3,
            not_before = CASE WHEN $28 THEN not_before ELSE now() + make_interval(secs => $4) END,
            error = CASE WHEN $19 THEN error ELSE $5 END,
            failures = $6, setbacks = $7, refusals = $8, account = coalesce($9, account),
            input_file_id = coalesce($10, input_file_id), positions = coalesce($11, positions),
            file_bytes = coalesce($12, file_bytes), batch_id = coalesce($13, batch_id),
            provider_status = coalesce($14, provider_status), output_file_id = coalesce($15, output_file_id),
            error_file_id = coalesce($16, error_file_id), held_up = held_up OR $17,
            recalled_at = CASE WHEN $23 THEN NULL WHEN $18 THEN now() ELSE recalled_at END,
            attempt_ended_at = CASE WHEN $20 THEN now() WHEN $3 <> $2 THEN NULL ELSE attempt_ended_at END,
            lost_creations = $21,
            look_again_at = CASE WHEN $22::float8 < 0 THEN NULL
                ELSE coalesce(now() + make_interval(secs => $22::float8), look_again_at) END,
            is_stray = is_stray OR $23,
            denials = $24, denied_since = CASE WHEN $24 > 0 THEN coalesce(denied_since, now()) END,
            short_reads = $25, short_since = CASE WHEN $25 > 0 THEN coalesce(short_since, now()) END,
            lines_completed = coalesce($26::int4, lines_completed),
            lines_failed = coalesce($27::int4, lines_failed),
            intent_at = CASE WHEN $3 <> $2 AND $3 IN ('uploading', 'creating') THEN now() ELSE intent_at END,
            submitted_at = CASE WHEN $3 <> $2 AND $3 = 'submitted' THEN now() ELSE submitted_at END,
            ended_at = CASE WHEN $3 <> $2 AND $3 IN ('collected', 'abandoned') THEN now() ELSE ended_at END
        WHERE id = $1 AND \(isAt)
        """)
    private static let removeStatement = Statement(
        "remove_batch", "DELETE FROM openai_batches b WHERE id = $1 AND \(isAt)")
    private static let stateStatement = Statement(
        "batch_state", "SELECT \(KnownTexts.batchState) FROM openai_batches b WHERE id = $1")

    /// - Returns: false if the row is already in the target state: an earlier call moved it and its reply was lost. All
    ///   that belongs to the move was written with it.
    /// - Throws: ``StaleBatch``; `DatabaseError`.
    public static func run(
        _ db: any Querying, _ batch: ProviderBatch, _ move: BatchMove
    ) async throws -> Bool {
        let rows = try await db.query(
            moveStatement,
            [
                .uuid(batch.id), .text(batch.state.rawValue), .text(move.to.rawValue), .double(move.waitSeconds),
                .text(move.error), .int4(move.failures), .int4(move.setbacks), .int4(move.refusals),
                .text(move.account), .text(move.file), move.positions.map { .int4Array($0) } ?? .null,
                .int8(move.bytes),
                .text(move.batchID), .text(move.providerStatus), .text(move.outputFile), .text(move.errorFile),
                .bool(move.isHeldUp), .bool(move.isRecalled), .bool(move.keepsError), .bool(move.endsAttempt),
                .int4(move.lostCreations), move.look.value, .bool(move.becomesStray), .int4(move.denials),
                .int4(move.shortReads), .int4(move.counts?.completed), .int4(move.counts?.failed),
                .bool(move.keepsTime),
            ])
        if rows.affected == 1 { return true }
        let found = try await state(db, batch)
        guard found == move.to.rawValue else {
            throw StaleBatch(batch: batch.id, expected: batch.state, to: move.to, found: found)
        }
        return false
    }

    /// Removes the row of a batch that certainly has nothing at the provider.
    /// - Returns: false if the row does not exist.
    /// - Throws: ``StaleBatch``; `DatabaseError`.
    public static func remove(_ db: any Querying, _ batch: ProviderBatch) async throws -> Bool {
        let values: [PGValue] = [.uuid(batch.id), .text(batch.state.rawValue)]
        if try await db.query(removeStatement, values).affected == 1 { return true }
        if let found = try await state(db, batch) {
            throw StaleBatch(batch: batch.id, expected: batch.state, to: batch.state, found: found)
        }
        return false
    }

    private static func state(_ db: any Querying, _ batch: ProviderBatch) async throws(DatabaseError) -> String? {
        try await db.query(stateStatement, [.uuid(batch.id)]).first?.text(0)
    }
}

extension BatchMove.Look {
    /// Negative: no further look. Null: no change.
    fileprivate var value: PGValue {
        switch self {
        case .unchanged: .null
        case .done: .double(-1)
        case .after(let seconds): .double(max(0, seconds))
        }
    }
}

extension MoveBatch {
    private static let nameStatement = Statement(
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

    /// Names the batch in its job's row (C5.4).
    public static func name(
        _ db: any Querying, job: Identifier, stage: WorkStage, batch: String
    ) async throws(DatabaseError) {
        _ = try await db.query(nameStatement, [.uuid(job), .text(stage.rawValue), .text(batch)])
    }
}
