// Takes the leases of free jobs, the oldest job first. SKIP LOCKED keeps two claimers from waiting for each other. A
// lease holds while the row of its instance has the lease's incarnation and a fresh heartbeat. So the jobs of an
// instance that died, or came back as a new incarnation, are free at once.

public enum ClaimJobs {
    private static let isOpen = "(j.status IN (\(KnownTexts.openJobs)) OR j.cleanup_pending)"
    private static func isFree(_ seconds: String) -> String {
        """
        NOT EXISTS (SELECT 1 FROM instances i
            WHERE i.instance_id = j.lease_instance AND i.incarnation = j.lease_incarnation
              AND i.heartbeat_at > now() - make_interval(secs => \(seconds)))
        """
    }
    private static let freeStatement = Statement(
        "free_jobs",
        """
        SELECT j.id FROM batch_jobs j WHERE \(isOpen) AND \(isFree("$1")) AND \(KnownTexts.jobIsReadable)
        ORDER BY j.created_at LIMIT $2
        """)
    /// Open jobs, found by their index, and jobs of an unknown status, found by the index of statuses. Jobs that a live
    /// instance holds are left out: a newer version works on those.
    private static let unreadableStatement = Statement(
        "unreadable_jobs",
        """
        SELECT j.id FROM batch_jobs j WHERE \(isOpen) AND NOT \(KnownTexts.jobIsReadable) AND \(isFree("$1"))
        UNION ALL
        SELECT j.id FROM batch_jobs j WHERE \(KnownTexts.statusIsUnknown) AND NOT j.cleanup_pending AND \(isFree("$1"))
        LIMIT $2
        """)
    private static let takeStatement = Statement(
        "take_jobs",
        """
        WITH taken AS (
            UPDATE batch_jobs SET lease_instance = $1, lease_incarnation = $2, lease_epoch = lease_epoch + 1
            WHERE id IN (
                SELECT j.id FROM batch_jobs j
                WHERE j.id = ANY ($4::uuid[]) AND \(isOpen) AND \(KnownTexts.jobIsReadable)
                  AND (\(isFree("$3")) OR (j.id = ANY ($5::uuid[]) AND j.lease_incarnation = $2))
                FOR UPDATE OF j SKIP LOCKED)
            RETURNING *),
        told AS (INSERT INTO job_events (job_id, event, instance_id, detail)
            SELECT id, 'claimed', $1, 'epoch ' || lease_epoch FROM taken)
        SELECT \(LoadJob.columns) FROM taken
        """)

    /// Jobs whose lease is free, at most `limit`.
    /// - Parameter silentSeconds: an instance whose last heartbeat is older has lost its leases.
    public static func free(
        _ db: any Querying, silentSeconds: Double, limit: Int
    ) async throws(DatabaseError) -> [Identifier] {
        try await db.query(freeStatement, [.double(silentSeconds), .int8(limit)]).map { $0.uuid(0) }
    }

    /// Jobs that this version cannot read, at most `limit`. It never claims them.
    public static func unreadable(
        _ db: any Querying, silentSeconds: Double, limit: Int
    ) async throws(DatabaseError) -> [Identifier] {
        try await db.query(unreadableStatement, [.double(silentSeconds), .int8(limit)]).map { $0.uuid(0) }
    }

    /// Takes those of `ids` that are still free.
    /// - Parameter doubtful: jobs that this incarnation may hold already, because an earlier call got no reply. They
    ///   are taken anew: the higher epoch fences off any other runner of this process that may hold them by now.
    public static func take(
        _ db: any Querying, instance: String, incarnation: Identifier, silentSeconds: Double,
        ids: Set<Identifier>, doubtful: Set<Identifier>
    ) async throws(DatabaseError) -> [JobRecord] {
        try await db.query(
            takeStatement,
            [
                .text(instance), .uuid(incarnation), .double(silentSeconds), .uuidArray(Array(ids)),
                .uuidArray(Array(doubtful)),
            ]
        ).map { row throws(DatabaseError) in try LoadJob.record(row) }.sorted { $0.createdAt < $1.createdAt }
    }
}
