// Finds jobs with their usage for status requests: one statement and one round trip for all concurrent requests.

/// Tokens that one model's answers used (C5.9).
public struct ModelUsage: Sendable, Equatable {
    public var model: String
    public var tokens: Usage

    public init(model: String, _ tokens: Usage) {
        self.model = model
        self.tokens = tokens
    }
}

public enum FindJobStatus {
    typealias Found = (job: JobView, usage: [ModelUsage])

    private static let statement = Statement(
        "find_job_status",
        "SELECT \(ColumnReader.list { _ = try found(&$0) }) FROM batch_jobs WHERE id = ANY ($1)")

    /// Returns the existing ones of `jobs`, each once, in any order.
    public static func run(
        _ db: any Querying, jobs: [Identifier]
    ) async throws(DatabaseError) -> [(job: JobView, usage: [ModelUsage])] {
        try await db.query(statement, [.uuidArray(jobs)]).map { row throws(DatabaseError) in
            var columns = ColumnReader(row)
            return try found(&columns)
        }
    }

    private static func found(_ row: inout ColumnReader) throws(DatabaseError) -> Found {
        let job = try JobView(&row)
        // The job's token sums show whether there is usage to look up; most polled jobs have none yet.
        let usage = row.optionalTextArray(
            """
            CASE WHEN input_tokens + output_tokens > 0 THEN (
                SELECT array_agg(part ORDER BY model, place) FROM job_usage,
                    unnest(ARRAY[model, input_tokens::text, output_tokens::text, cached_tokens::text,
                        cache_write_tokens::text, reasoning_tokens::text]) WITH ORDINALITY AS p (part, place)
                WHERE job_id = batch_jobs.id)
            END
            """)
        return (job, usage.map(models) ?? [])
    }

    private static func models(_ texts: [String]) -> [ModelUsage] {
        stride(from: 0, to: texts.count - 5, by: 6).map { (start: Int) -> ModelUsage in
            let counts = texts[(start + 1)..<(start + 6)].map { Int($0) ?? 0 }
            return ModelUsage(
                model: texts[start],
                Usage(
                    input: counts[0], output: counts[1], cached: counts[2], cacheWritten: counts[3],
                    reasoning: counts[4]))
        }
    }
}
