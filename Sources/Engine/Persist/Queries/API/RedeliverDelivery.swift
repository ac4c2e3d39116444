// Starts an ended delivery again (C6.3): another series of attempts of the same delivery with the same bytes, the
// first one due at once. Of several concurrent calls, one succeeds.

public enum RedeliverDelivery {
    public enum Outcome: Equatable, Sendable {
        case started(job: Identifier)
        /// The delivery has not ended.
        case pending
        /// The delivery does not exist, or its job was removed.
        case unknown
    }

    /// The row lock keeps the job from being removed during the new attempts; `PruneJobs` takes the conflicting lock.
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

    /// Runs in a transaction.
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
