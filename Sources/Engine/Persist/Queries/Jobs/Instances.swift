// Heartbeats and the hand-over of leases.

public enum Instances {
    private static let beatStatement = Statement(
        "instance_beat",
        """
        INSERT INTO instances (instance_id, incarnation) VALUES ($1, $2)
        ON CONFLICT (instance_id) DO UPDATE SET heartbeat_at = now() WHERE instances.incarnation = excluded.incarnation
        """)
    private static let releaseStatement = Statement(
        "instance_release",
        """
        UPDATE batch_jobs SET lease_instance = NULL, lease_incarnation = NULL
        WHERE lease_instance = $1 AND lease_incarnation = $2
        """)
    private static let leaveStatement = Statement(
        "instance_leave", "DELETE FROM instances WHERE instance_id = $1 AND incarnation = $2")

    private static let handOverStatement = Statement(
        "instance_hand_over",
        """
        WITH free AS (UPDATE batch_jobs SET lease_instance = NULL, lease_incarnation = NULL
            WHERE id = ANY ($1::uuid[]) AND lease_incarnation = $2 RETURNING id)
        SELECT pg_notify('\(WakeWorkers.channel)', '') FROM (SELECT 1 FROM free LIMIT 1) AS any_of_them
        """)

    private static let forgetStatement = Statement(
        "instance_forget", "DELETE FROM instances WHERE heartbeat_at < now() - interval '1 hour'")

    /// Removes the rows of processes that have been silent for an hour, because each start adds a row. Their leases
    /// have been free since the tenth second of silence.
    public static func forgetOld(_ db: any Querying) async throws(DatabaseError) {
        _ = try await db.query(forgetStatement, [])
    }

    /// Frees some leases of this incarnation and wakes the other instances.
    public static func handOver(
        _ db: any Querying, jobs: [Identifier], incarnation: Identifier
    ) async throws(DatabaseError) {
        _ = try await db.query(handOverStatement, [.uuidArray(jobs), .uuid(incarnation)])
    }

    /// Writes the heartbeat of this incarnation.
    /// - Returns: false if another incarnation has the name; the row is unchanged then.
    public static func beat(
        _ db: any Querying, instance: String, incarnation: Identifier
    ) async throws(DatabaseError) -> Bool {
        try await db.query(beatStatement, [.text(instance), .uuid(incarnation)]).affected > 0
    }

    /// Frees every lease of this incarnation, so that other instances claim the jobs at once (orderly stop).
    public static func leave(
        _ db: any Querying, instance: String, incarnation: Identifier
    ) async throws(DatabaseError) {
        CrashPoint.instanceLeaving.pass()
        _ = try await db.query(releaseStatement, [.text(instance), .uuid(incarnation)])
        CrashPoint.leasesFreed.pass()
        _ = try await db.query(leaveStatement, [.text(instance), .uuid(incarnation)])
        CrashPoint.instanceLeft.pass()
    }
}
