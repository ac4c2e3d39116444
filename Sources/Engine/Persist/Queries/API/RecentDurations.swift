// Durations of the latest jobs, for the first estimate of a new one (C5.3).

public enum RecentDurations {
    private static let statement = Statement(
        "recent_durations",
        """
        SELECT total_lots, extract(epoch FROM completed_at - created_at)::float8 FROM batch_jobs
        WHERE status = 'completed' AND completed_at IS NOT NULL ORDER BY created_at DESC LIMIT 50
        """)

    public static func run(_ db: any Querying) async throws(DatabaseError) -> [Estimate.PastJob] {
        try await db.query(statement, []).map { Estimate.PastJob(lots: $0.int(0), seconds: $0.double(1)) }
    }
}
