// Removes old jobs in small steps (C5.8). First a job's row goes, and with it everything that can be seen of it; an
// audit line stands for it until the rows that are left have gone, so that a crash leaves nothing behind.

public enum PruneJobs {
    /// Rows that one statement removes.
    public static let rowsMax = 5000
    /// Jobs whose rows go in one statement.
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
    /// A delivery may have been sent anew before its job was locked (`RedeliverDelivery`): that only a statement begun
    /// under the lock is sure to see.
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

    /// Takes ended jobs out of sight whose end is longer ago; none with a delivery or clean-up still to be done.
    /// In a transaction of its own.
    /// - Returns: how many; ``jobsMax`` at most.
    public static func retire(_ session: DatabaseSession, afterSeconds: Double) async throws(DatabaseError) -> Int {
        let old = try await session.query(lockStatement, [.double(afterSeconds), .int8(jobsMax)]).map { $0.uuid(0) }
        return try await session.query(retireStatement, [.uuidArray(old)]).affected
    }

    /// Removes some of the rows that retired jobs have left; about ``rowsMax``. In a transaction of its own.
    /// - Returns: false if there is no such job, or others work on all of them.
    public static func sweep(_ session: DatabaseSession) async throws(DatabaseError) -> Bool {
        var left = rowsMax
        while left > 0 {
            guard let job = try await session.query(nextStatement).first?.uuid(0) else { return left < rowsMax }
            for statement in stepStatements where left > 0 {
                left -= try await session.query(statement, [.uuid(job), .int8(left)]).affected
            }
            // Its audit line goes last: without it nobody would look for the rows.
            if left > 0 { left -= max(1, try await session.query(eventsStatement, [.uuid(job)]).affected) }
        }
        return true
    }
}
