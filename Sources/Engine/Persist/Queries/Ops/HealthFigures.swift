// The document's health figures of the database, and the worker's last heartbeat.

public struct HealthFigures: Sendable {
    public var jobs24h: Int
    public var deliveries24h: [(status: String, count: Int)]
    /// This instance's last heartbeat and its age by the database's clock.
    public var heartbeat: (at: Timestamp, ageSeconds: Double)?
}

public enum LoadHealthFigures {
    private static let jobsStatement = Statement(
        "health_jobs", "SELECT count(*) FROM batch_jobs WHERE created_at >= now() - interval '24 hours'")
    private static let deliveriesStatement = Statement(
        "health_deliveries",
        """
        SELECT status, count(*) FROM webhook_deliveries WHERE created_at >= now() - interval '24 hours'
        GROUP BY status ORDER BY status
        """)
    private static let heartbeatStatement = Statement(
        "health_heartbeat",
        """
        SELECT heartbeat_at, extract(epoch FROM now() - heartbeat_at)::float8 FROM instances WHERE instance_id = $1
        """)

    public static func run(_ db: any Querying, instance: String) async throws(DatabaseError) -> HealthFigures {
        let jobs = try await db.query(jobsStatement, []).first?.int(0) ?? 0
        let deliveries = try await db.query(deliveriesStatement, []).map { (status: $0.text(0), count: $0.int(1)) }
        let beat = try await db.query(heartbeatStatement, [.text(instance)]).first
        return HealthFigures(
            jobs24h: jobs, deliveries24h: deliveries,
            heartbeat: beat.map { (at: $0.timestamp(0), ageSeconds: $0.double(1)) })
    }
}
