// The tokens that all jobs have in the provider's queue of one account and model.

public enum ProviderQueue {
    /// The key must differ from every other advisory lock in this database.
    private static let lockKey = 7_463_001_155_284

    private static let lockStatement = Statement("provider_queue_lock", "SELECT pg_advisory_xact_lock($1)")
    private static let loadStatement = Statement(
        "provider_queue",
        """
        SELECT job_id,
            coalesce(sum(input_tokens_estimate) FILTER (WHERE state IN ('creating', 'submitted')), 0)::bigint,
            min(input_tokens_estimate) FILTER (WHERE state IN ('planned', 'uploading', 'uploaded')),
            coalesce(bool_or(error = $3) FILTER (WHERE state = 'uploaded'), false)
        FROM openai_batches
        WHERE account = $1 AND model = $2
            AND state IN ('planned', 'uploading', 'uploaded', 'creating', 'submitted')
        GROUP BY job_id
        """)

    /// Locks the decision about the queue until the end of the transaction.
    public static func lock(_ session: DatabaseSession) async throws(DatabaseError) {
        _ = try await session.query(lockStatement, [.int8(lockKey)])
    }

    /// - Parameter refusal: the error text of a batch that the provider refused because its queue was full.
    public static func load(
        _ db: any Querying, account: String, model: String, refusal: String
    ) async throws(DatabaseError) -> [(job: Identifier, tokens: Int, waiting: Int?, wasRefused: Bool)] {
        try await db.query(loadStatement, [.text(account), .text(model), .text(refusal)]).map {
            ($0.uuid(0), $0.int(1), $0.isNull(2) ? nil : $0.int(2), $0.bool(3))
        }
    }
}
