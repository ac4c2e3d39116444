// Cancels an open job. The raised epoch fences off the instance that works on it (C4.3).

public enum CancelOpenJob {
    private static let statement = Statement(
        "cancel_job",
        """
        UPDATE batch_jobs SET status = 'cancelled', cancelled_at = now(), completed_at = now(), updated_at = now(),
            estimated_completion = NULL, lease_epoch = lease_epoch + 1, lease_instance = NULL, lease_incarnation = NULL,
            cleanup_pending = true
        WHERE id = $1 AND status IN (\(KnownTexts.openJobs))
        RETURNING cancelled_at
        """)

    /// Runs in the caller's transaction, which must also insert the deliveries.
    /// - Returns: the time of the cancellation, or nil if there is no open job with this id.
    public static func run(
        _ db: any Querying, job: Identifier
    ) async throws(DatabaseError) -> Timestamp? {
        guard let row = try await db.query(statement, [.uuid(job)]).first else { return nil }
        try await WakeWorkers.run(db, job: job)
        return row.timestamp(0)
    }
}
