// Writes to a job's own row by the holder of its lease. `HoldLease` comes first in the same transaction.

public enum JobProgress {
    private static let stageStatement = Statement(
        "job_stage",
        """
        UPDATE batch_jobs SET status = $2, current_stage = $3, updated_at = now(),
            started_at = coalesce(started_at, now()),
            error_message = NULL
        WHERE id = $1
        """)
    private static let countStatement = Statement(
        "job_count",
        """
        UPDATE batch_jobs SET processed_lots = processed_lots + $2, failed_lots = failed_lots + $3,
            processed_images = processed_images + $4, updated_at = now(), error_message = NULL,
            estimated_completion = CASE WHEN processed_lots + $2 > 0 THEN
                now() + (now() - created_at) * ((total_lots - processed_lots - $2)::float8 / (processed_lots + $2))
                ELSE estimated_completion END
        WHERE id = $1
        """)
    private static let troubleStatement = Statement(
        "job_trouble",
        """
        UPDATE batch_jobs SET error_message = $2, updated_at = now()
        WHERE id = $1 AND error_message IS DISTINCT FROM $2
        """)
    private static let eventStatement = Statement(
        "job_event", "INSERT INTO job_events (job_id, event, instance_id, detail) VALUES ($1, $2, $3, $4)")
    private static let endStatement = Statement(
        "job_end",
        """
        UPDATE batch_jobs SET status = $2,
            current_stage = CASE WHEN $2 = 'completed' THEN 'done' ELSE current_stage END,
            completed_at = now(), updated_at = now(), estimated_completion = NULL, error_message = $3,
            lease_instance = NULL, lease_incarnation = NULL, cleanup_pending = EXISTS (
                SELECT 1 FROM openai_batches b WHERE b.job_id = $1
                    AND (b.state NOT IN (\(KnownTexts.endedBatches)) OR b.look_again_at IS NOT NULL))
        WHERE id = $1
        """)
    private static let cleanStatement = Statement(
        "job_clean",
        """
        UPDATE batch_jobs SET cleanup_pending = false, lease_instance = NULL, lease_incarnation = NULL WHERE id = $1
        """)

    public static func enter(
        _ db: any Querying, job: Identifier, status: JobStatus, stage: JobStage
    ) async throws(DatabaseError) {
        _ = try await db.query(stageStatement, [.uuid(job), .text(status.rawValue), .text(stage.rawValue)])
    }

    /// Adds lots that have their final result. Their rows are written in the same transaction (C5.2).
    public static func count(
        _ db: any Querying, job: Identifier, processed: Int, failed: Int, images: Int
    ) async throws(DatabaseError) {
        _ = try await db.query(countStatement, [.uuid(job), .int4(processed), .int4(failed), .int4(images)])
    }

    /// Stores the reason why the job makes no progress, for the client. The next progress clears it.
    public static func trouble(_ db: any Querying, job: Identifier, message: String?) async throws(DatabaseError) {
        _ = try await db.query(troubleStatement, [.uuid(job), .text(message)])
    }

    /// Adds one line to the audit trail.
    public static func event(
        _ db: any Querying, job: Identifier, _ event: String, instance: String?, detail: String? = nil
    ) async throws(DatabaseError) {
        _ = try await db.query(
            eventStatement,
            [.uuid(job), .text(event), .text(instance), .text(detail)])
    }

    /// Ends the job and frees its lease. Its clean-up stays pending while a batch is open or may still turn up.
    public static func end(
        _ db: any Querying, job: Identifier, status: JobStatus, errorMessage: String?
    ) async throws(DatabaseError) {
        _ = try await db.query(endStatement, [.uuid(job), .text(status.rawValue), .text(errorMessage)])
    }

    /// Marks the clean-up of an ended job as done: the provider has none of its batches or files left.
    public static func clean(_ db: any Querying, job: Identifier) async throws(DatabaseError) {
        _ = try await db.query(cleanStatement, [.uuid(job)])
    }
}
