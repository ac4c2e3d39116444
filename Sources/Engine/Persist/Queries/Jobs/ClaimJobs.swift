// Takes the leases of jobs that nobody works on: the oldest first. SKIP LOCKED keeps claimers from waiting for each
// other. A lease holds while its instance's row carries the lease's incarnation and its heartbeat is fresh, so the jobs
// of an instance that died, or came back as a new incarnation, are free at once.

public enum ClaimJobs {
    private static let statement = Statement(
        "claim_jobs",
        """
        UPDATE batch_jobs SET lease_instance = $1, lease_incarnation = $2, lease_epoch = lease_epoch + 1
        WHERE id IN (
            SELECT j.id FROM batch_jobs j
            WHERE (j.status IN ('pending', 'processing', 'translating') OR j.cleanup_pending)
              AND NOT EXISTS (
                SELECT 1 FROM instances i
                WHERE i.instance_id = j.lease_instance AND i.incarnation = j.lease_incarnation
                  AND i.heartbeat_at > now() - make_interval(secs => $3))
            ORDER BY j.created_at LIMIT $4
            FOR UPDATE OF j SKIP LOCKED)
        RETURNING \(LoadJob.columns)
        """)

    /// - Parameter silentSeconds: an instance whose last heartbeat is older than this has lost its leases.
    public static func run(
        _ db: any Querying, instance: String, incarnation: Identifier, silentSeconds: Double, limit: Int
    ) async throws(DatabaseError) -> [JobRecord] {
        try await db.query(
            statement, [.text(instance), .uuid(incarnation), .double(silentSeconds), .int8(limit)]
        ).map(LoadJob.record)
    }
}
