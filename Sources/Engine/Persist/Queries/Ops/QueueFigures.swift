// Amount of open work, for the metrics. Each part uses an index: the one of open jobs, the one
// by time, and the one of due deliveries.

public struct QueueFigures: Sendable {
    public struct Jobs: Sendable {
        public var status: JobStatus
        public var stage: JobStage
        public var count: Int
        /// Age of the eldest job, seconds.
        public var eldestSeconds: Double
    }

    /// All open jobs, and ended jobs that were created in the last 24 hours.
    public var jobs: [Jobs]
    public var pendingDeliveries: Int
}

public enum LoadQueueFigures {
    private static let jobsStatement = Statement(
        "queue_jobs",
        """
        SELECT status, current_stage, count(*), extract(epoch FROM now() - min(created_at))::float8 FROM batch_jobs
        WHERE status IN (\(KnownTexts.openJobs)) GROUP BY status, current_stage
        UNION ALL
        SELECT status, current_stage, count(*), extract(epoch FROM now() - min(created_at))::float8 FROM batch_jobs
        WHERE created_at >= now() - interval '24 hours' AND status IN (\(KnownTexts.endedJobs))
        GROUP BY status, current_stage
        """)
    private static let deliveriesStatement = Statement(
        "queue_deliveries", "SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'")

    public static func run(_ db: any Querying) async throws(DatabaseError) -> QueueFigures {
        let rows = try await db.query(jobsStatement, [])
        let jobs = rows.compactMap { row -> QueueFigures.Jobs? in
            guard let status = JobStatus(rawValue: row.text(0)), let stage = JobStage(rawValue: row.text(1)) else {
                return nil
            }
            return QueueFigures.Jobs(status: status, stage: stage, count: row.int(2), eldestSeconds: row.double(3))
        }
        let pending = try await db.query(deliveriesStatement, []).first?.int(0) ?? 0
        return QueueFigures(jobs: jobs, pendingDeliveries: pending)
    }
}
