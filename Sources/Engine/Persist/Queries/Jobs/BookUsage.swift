// Adds the tokens of answers to the job's usage. The same transaction stores the answers, so each token counts once.

public enum BookUsage {
    private static let modelStatement = Statement(
        "book_usage_model",
        """
        INSERT INTO job_usage (job_id, model, input_tokens, output_tokens) VALUES ($1, $2, $3, $4)
        ON CONFLICT (job_id, model) DO UPDATE SET input_tokens = job_usage.input_tokens + excluded.input_tokens,
            output_tokens = job_usage.output_tokens + excluded.output_tokens
        """)
    private static let jobStatement = Statement(
        "book_usage_job",
        """
        UPDATE batch_jobs SET input_tokens = input_tokens + $2, output_tokens = output_tokens + $3 WHERE id = $1
        """)

    public static func run(
        _ db: any Querying, job: Identifier, model: String, input: Int, output: Int
    ) async throws(DatabaseError) {
        guard input > 0 || output > 0 else { return }
        _ = try await db.query(modelStatement, [.uuid(job), .text(model), .int8(input), .int8(output)])
        _ = try await db.query(jobStatement, [.uuid(job), .int8(input), .int8(output)])
    }
}
