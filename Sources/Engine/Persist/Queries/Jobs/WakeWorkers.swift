// Notifies the workers of all instances that a job is new, free or cancelled. In a transaction it takes effect at
// COMMIT.

public enum WakeWorkers {
    /// The workers' notification channel. The payload is the job's id, or empty for any job.
    public static let channel = "generation_jobs"

    private static let statement = Statement("wake_workers", "SELECT pg_notify('\(channel)', $1)")

    public static func run(_ db: any Querying, job: Identifier) async throws(DatabaseError) {
        _ = try await db.query(statement, [.text(job.description)])
    }
}
