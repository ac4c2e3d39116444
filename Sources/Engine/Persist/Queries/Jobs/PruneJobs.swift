// Removes old jobs in small steps (C5.8). A job's own row goes first, which makes the job invisible. An audit line
// takes its place until the job's other rows are gone, so a crash leaves no rows behind.

public enum PruneJobs {
    /// Rows per call of `sweep`, approximately.
    public static let rowsMax = 5000
    /// Jobs per call of `retire`.
    static let jobsMax = 100

    private static let isQuiet = """
        NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.batch_job_id = j.id AND d.status = 'pending')
        """
    private static let lockStatement = Statement(
        "lock_old_jobs",
        """
        SELECT j.id FROM batch_jobs j
        WHERE j.status IN (\(KnownTexts.endedJobs)) AND NOT j.cleanup_pending
            AND coalesce(j.cancelled_at, j.completed_at, j.updated_at) < now() - make_interval(secs => $1)
            AND \(isQuiet)
        ORDER BY j.created_at LIMIT $2 FOR UPDATE OF j SKIP LOCKED
        """)
    /// A delivery may have been sent anew before its job was locked (`RedeliverDelivery`). Only a statement that begins
    /// under the lock is sure to see it.
    private static let retireStatement = Statement(
        "retire_jobs",
        """
        WITH gone AS (DELETE FROM batch_jobs j WHERE j.id = ANY ($1::uuid[]) AND \(isQuiet) RETURNING j.id)
        INSERT INTO job_events (job_id, event) SELECT id, 'removed' FROM gone
        """)
    private static let nextStatement = Statement(
        "next_removed_job",
        "SELECT job_id FROM job_events WHERE event = 'removed' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED")
    private static let stepStatements = [
        step("prune_results", "lot_results", key: "job_id"),
        step("prune_lots", "batch_lots", key: "job_id"),
        step("prune_failures", "line_failures", key: "job_id"),
        step("prune_batches", "openai_batches", key: "job_id"),
        step("prune_usage", "job_usage", key: "job_id"),
        Statement(
            "prune_attempts",
            """
            DELETE FROM webhook_attempts WHERE ctid = ANY (ARRAY(SELECT a.ctid FROM webhook_attempts a
                JOIN webhook_deliveries d ON d.id = a.delivery_id WHERE d.batch_job_id = $1 LIMIT $2))
            """),
        step("prune_deliveries", "webhook_deliveries", key: "batch_job_id"),
    ]
    private static let eventsStatement = Statement("prune_events", "DELETE FROM job_events WHERE job_id = $1")

    private static func step(_ name: StaticString, _ table: String, key: String) -> Statement {
        Statement(
            name,
            """
            DELETE FROM \(table) WHERE ctid = ANY (ARRAY(SELECT ctid FROM \(table) WHERE \(key) = $1 LIMIT $2))
            """)
    }

    /// Removes the rows of jobs that ended longer than `afterSeconds` ago. Skips jobs with a pending delivery or
    /// clean-up. Needs a transaction of its own.
    /// - Returns: the number of jobs, at most ``jobsMax``.
    public static func retire(_ session: DatabaseSession, afterSeconds: Double) async throws(DatabaseError) -> Int {
        let old = try await session.query(lockStatement, [.double(afterSeconds), .int8(jobsMax)]).map { $0.uuid(0) }
        return try await session.query(retireStatement, [.uuidArray(old)]).affected
    }

    /// Removes about ``rowsMax`` of the rows that retired jobs have left. Needs a transaction of its own.
    /// - Returns: false if no job is left, or if other instances work on all that are left.
    public static func sweep(_ session: DatabaseSession) async throws(DatabaseError) -> Bool {
        var left = rowsMax
        while left > 0 {
            guard let job = try await session.query(nextStatement).first?.uuid(0) else { return left < rowsMax }
            for statement in stepStatements where left > 0 {
                left -= try await session.query(statement, [.uuid(job), .int8(left)]).affected
            }
            // The audit line goes last, because the sweep finds the job by it.
            if left > 0 { left -= max(1, try await session.query(eventsStatement, [.uuid(job)]).affected) }
        }
        return true
    }
}
