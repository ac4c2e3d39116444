// Starts an ended delivery anew (C6.3): a further series of attempts, the first one due at once, of the same delivery
// with the same bytes. Of several calls at the same moment one does it.

public enum RedeliverDelivery {
    public enum Outcome: Equatable, Sendable {
        case started(job: Identifier)
        /// It has not ended.
        case pending
        /// There is none, or its job has been removed.
        case unknown
    }

    /// The lock keeps the job from being removed under the new attempts; `PruneJobs` takes the other side of it.
    private static let statement = Statement(
        "redeliver",
        """
        WITH job AS (
            SELECT j.id FROM batch_jobs j JOIN webhook_deliveries d ON d.batch_job_id = j.id
            WHERE d.id = $1 FOR KEY SHARE OF j)
        UPDATE webhook_deliveries d SET status = 'pending', attempts_before = d.attempt_count, next_attempt_at = now(),
            claimed_by = NULL, delivered_at = NULL, error_message = NULL
        FROM job WHERE d.id = $1 AND d.batch_job_id = job.id AND d.status IN ('delivered', 'failed')
        RETURNING d.batch_job_id
        """)
    private static let findStatement = Statement(
        "find_delivery",
        "SELECT 1 FROM webhook_deliveries d JOIN batch_jobs j ON j.id = d.batch_job_id WHERE d.id = $1")

    /// In a transaction.
    public static func run(
        _ session: DatabaseSession, delivery: Identifier
    ) async throws(DatabaseError) -> Outcome {
        if let job = try await session.query(statement, [.uuid(delivery)]).first?.uuid(0) {
            try await WakeSenders.run(session, job: job)
            return .started(job: job)
        }
        return try await session.query(findStatement, [.uuid(delivery)]).isEmpty ? .unknown : .pending
    }
}
