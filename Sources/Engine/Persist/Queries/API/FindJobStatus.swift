// One job with its usage, in one look: a poll costs one round trip and two index look-ups.

/// Tokens that one model's answers cost (C5.9).
public struct ModelUsage: Sendable, Equatable {
    public var model: String
    public var inputTokens: Int
    public var outputTokens: Int
}

public enum FindJobStatus {
    private static let statement = Statement(
        "find_job_status",
        """
        SELECT \(JobView.columns),
            coalesce(u.models, '{}'), coalesce(u.inputs, '{}'), coalesce(u.outputs, '{}')
        FROM batch_jobs
        LEFT JOIN LATERAL (
            SELECT array_agg(model ORDER BY model) AS models, array_agg(input_tokens ORDER BY model) AS inputs,
                array_agg(output_tokens ORDER BY model) AS outputs
            FROM job_usage WHERE job_id = batch_jobs.id
        ) AS u ON true
        WHERE id = $1
        """)

    public static func run(
        _ db: any Querying, job: Identifier
    ) async throws(DatabaseError) -> (job: JobView, usage: [ModelUsage])? {
        guard let row = try await db.query(statement, [.uuid(job)]).first else { return nil }
        let models = row.textArray(JobView.columnCount)
        let inputs = row.intArray(JobView.columnCount + 1)
        let outputs = row.intArray(JobView.columnCount + 2)
        let usage = zip(models, zip(inputs, outputs)).map {
            ModelUsage(model: $0, inputTokens: $1.0, outputTokens: $1.1)
        }
        return (JobView(row), usage)
    }
}
