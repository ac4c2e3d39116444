// The outbox: the transaction that ends a job adds one delivery per distinct webhook URL of the job (C6.1).

public enum InsertDeliveries {
    private static let statement = Statement(
        "insert_deliveries",
        """
        INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, event, positions)
        SELECT gen_random_uuid(), $1, webhook, $2, array_agg(position ORDER BY position)
        FROM batch_lots WHERE job_id = $1 AND webhook IS NOT NULL GROUP BY webhook
        ON CONFLICT (batch_job_id, first_position) DO NOTHING
        """)

    /// - Returns: the number of new deliveries.
    @discardableResult
    public static func run(_ db: any Querying, job: Identifier, status: JobStatus) async throws(DatabaseError) -> Int {
        guard let event = status.endEvent else { return 0 }
        let inserted = try await db.query(statement, [.uuid(job), .text(event)]).affected
        if inserted > 0 { try await WakeSenders.run(db, job: job) }
        return inserted
    }
}
