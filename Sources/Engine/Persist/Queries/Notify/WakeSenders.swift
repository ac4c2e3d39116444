// Notifies the webhook senders of all instances that a delivery is due; inside a transaction, at its COMMIT.

public enum WakeSenders {
    /// The channel that the senders listen on.
    public static let channel = "generation_deliveries"

    private static let statement = Statement("wake_senders", "SELECT pg_notify('\(channel)', $1)")

    public static func run(_ db: any Querying, job: Identifier) async throws(DatabaseError) {
        _ = try await db.query(statement, [.text(job.description)])
    }
}
