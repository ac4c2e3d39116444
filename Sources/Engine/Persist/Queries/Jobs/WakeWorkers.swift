// Wakes the workers of all instances: a job is new, free again or cancelled. With the COMMIT, if in a transaction.

public enum WakeWorkers {
    /// The channel on which workers listen. The payload is the job's id, empty for any job.
    public static let channel = "generation_jobs"

    private static let statement = Statement("wake_workers", "SELECT pg_notify('\(channel)', $1)")

    public static func run(_ db: any Querying, job: Identifier) async throws(DatabaseError) {
        _ = try await db.query(statement, [.text(job.description)])
    }
}
