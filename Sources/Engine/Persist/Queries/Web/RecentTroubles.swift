// Recent errors and throughput, for the operator's overview. Both queries read only the newest jobs, through their
// index, and the batches and deliveries of these jobs.

public struct RecentTrouble: Sendable {
    public let at: Timestamp
    /// `job`, `batch`, `webhook`.
    public let kind: String
    public let job: Identifier
    public let message: String
}

/// Jobs and lots created in one hour.
public struct HourCount: Equatable, Sendable {
    public let hour: Timestamp
    public let jobs: Int
    public let lots: Int
    public let failedLots: Int
}

public enum RecentTroubles {
    /// Most jobs examined, from the last 24 hours.
    public static let jobsMax = 200
    /// Most troubles shown.
    public static let troublesMax = 30

    private static let statement = Statement(
        "recent_troubles",
        """
        WITH recent AS MATERIALIZED (
            SELECT id, updated_at, status, error_message FROM batch_jobs
            WHERE created_at >= now() - interval '24 hours' ORDER BY created_at DESC, id LIMIT \(jobsMax))
        SELECT at, kind, job, message FROM (
            SELECT updated_at AS at, 'job' AS kind, id AS job, error_message AS message FROM recent
                WHERE error_message IS NOT NULL
            UNION ALL
            SELECT coalesce(b.ended_at, b.created_at), 'batch', b.job_id, b.error FROM recent
                JOIN openai_batches b ON b.job_id = recent.id WHERE b.error IS NOT NULL
            UNION ALL
            SELECT coalesce(d.last_attempt_at, d.created_at), 'webhook', d.batch_job_id, d.error_message FROM recent
                CROSS JOIN LATERAL (SELECT * FROM webhook_deliveries w
                    WHERE w.batch_job_id = recent.id AND w.error_message IS NOT NULL
                    ORDER BY w.first_position LIMIT 3) AS d
        ) AS troubles ORDER BY at DESC LIMIT \(troublesMax)
        """)
    private static let hoursStatement = Statement(
        "hour_counts",
        """
        SELECT h.hour, count(j.id), coalesce(sum(j.total_lots), 0)::bigint, coalesce(sum(j.failed_lots), 0)::bigint
        FROM generate_series(date_trunc('hour', now(), 'UTC') - interval '23 hours', date_trunc('hour', now(), 'UTC'),
            interval '1 hour') AS h (hour)
        LEFT JOIN batch_jobs j ON j.created_at >= now() - interval '24 hours'
            AND date_trunc('hour', j.created_at, 'UTC') = h.hour
        GROUP BY h.hour ORDER BY h.hour
        """)

    /// Newest first.
    public static func run(_ db: any Querying) async throws(DatabaseError) -> [RecentTrouble] {
        try await db.query(statement, []).map {
            RecentTrouble(at: $0.timestamp(0), kind: $0.text(1), job: $0.uuid(2), message: $0.text(3))
        }
    }

    /// Returns the last 24 hours, oldest first, including the current one.
    public static func hours(_ db: any Querying) async throws(DatabaseError) -> [HourCount] {
        try await db.query(hoursStatement, []).map {
            HourCount(hour: $0.timestamp(0), jobs: $0.int(1), lots: $0.int(2), failedLots: $0.int(3))
        }
    }
}
