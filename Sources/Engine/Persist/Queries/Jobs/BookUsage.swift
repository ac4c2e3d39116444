// Adds the tokens of answers to the job's usage. The same transaction stores the answers, so each token counts once.

public enum BookUsage {
    private static let modelStatement = Statement(
        "book_usage_model",
        """
        INSERT INTO job_usage AS u (job_id, model, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
            reasoning_tokens)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (job_id, model) DO UPDATE SET input_tokens = u.input_tokens + excluded.input_tokens,
            output_tokens = u.output_tokens + excluded.output_tokens,
            cached_tokens = u.cached_tokens + excluded.cached_tokens,
            cache_write_tokens = u.cache_write_tokens + excluded.cache_write_tokens,
            reasoning_tokens = u.reasoning_tokens + excluded.reasoning_tokens
        """)
    private static let jobStatement = Statement(
        "book_usage_job",
        """
        UPDATE batch_jobs SET input_tokens = input_tokens + $2, output_tokens = output_tokens + $3 WHERE id = $1
        """)

    public static func run(
        _ db: any Querying, job: Identifier, model: String, _ usage: Usage
    ) async throws(DatabaseError) {
        guard usage.input > 0 || usage.output > 0 else { return }
        _ = try await db.query(
            modelStatement,
            [
                .uuid(job), .text(model), .int8(usage.input), .int8(usage.output), .int8(usage.cached),
                .int8(usage.cacheWritten), .int8(usage.reasoning),
            ])
        _ = try await db.query(jobStatement, [.uuid(job), .int8(usage.input), .int8(usage.output)])
    }
}
