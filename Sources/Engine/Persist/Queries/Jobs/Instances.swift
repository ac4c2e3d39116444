// Heartbeats and the hand-over of leases.

public enum Instances {
    private static let beatStatement = Statement(
        "instance_beat",
        """
        INSERT INTO instances (instance_id, incarnation) VALUES ($1, $2)
        ON CONFLICT (instance_id) DO UPDATE SET heartbeat_at = now(), incarnation = excluded.incarnation,
            started_at = CASE WHEN instances.incarnation = excluded.incarnation THEN instances.started_at ELSE now() END
        """)
    private static let releaseStatement = Statement(
        "instance_release",
        """
        UPDATE batch_jobs SET lease_instance = NULL, lease_incarnation = NULL
        WHERE lease_instance = $1 AND lease_incarnation = $2
        """)
    private static let leaveStatement = Statement(
        "instance_leave", "DELETE FROM instances WHERE instance_id = $1 AND incarnation = $2")

    /// Says that this incarnation lives; a new incarnation under an old name takes the name over.
    public static func beat(
        _ db: any Querying, instance: String, incarnation: Identifier
    ) async throws(DatabaseError) {
        _ = try await db.query(beatStatement, [.text(instance), .uuid(incarnation)])
    }

    /// Frees every lease of this incarnation, so that others go on at once (orderly stop).
    public static func leave(
        _ db: any Querying, instance: String, incarnation: Identifier
    ) async throws(DatabaseError) {
        _ = try await db.query(releaseStatement, [.text(instance), .uuid(incarnation)])
        _ = try await db.query(leaveStatement, [.text(instance), .uuid(incarnation)])
    }
}
