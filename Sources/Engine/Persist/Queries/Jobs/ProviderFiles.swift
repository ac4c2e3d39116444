// Files at the provider that are not needed any more: those of finished batches, and uploads that no batch refers to.

/// A batch's files.
public struct BatchFiles: Sendable {
    public let batch: Identifier
    public let job: Identifier
    public let files: [String]
    /// The id of the request that created the job; nil if the job is gone or has none.
    public let requestID: String?
}

public enum ProviderFiles {
    private static let doneStatement = Statement(
        "batches_with_files",
        """
        SELECT id, job_id, array_remove(ARRAY[input_file_id, output_file_id, error_file_id], NULL),
            (SELECT j.request_id FROM batch_jobs j WHERE j.id = job_id)
        FROM openai_batches
        WHERE state IN ('collected', 'abandoned') AND NOT files_gone
            AND coalesce(input_file_id, output_file_id, error_file_id) IS NOT NULL AND account = $1
        ORDER BY ended_at LIMIT $2
        """)
    private static let goneStatement = Statement(
        "batch_files_gone",
        "UPDATE openai_batches SET files_gone = true WHERE id = $1 AND state IN ('collected', 'abandoned')")
    private static let orphansStatement = Statement(
        "orphan_files",
        """
        SELECT u.file FROM unnest($1::uuid[], $2::text[]) AS u (batch, file) JOIN openai_batches b ON b.id = u.batch
        WHERE b.state IN ('collected', 'abandoned') OR b.input_file_id <> u.file
        """)

    /// Finished batches of the account that still have files, the oldest first.
    public static func done(
        _ db: any Querying, account: String, limit: Int
    ) async throws(DatabaseError) -> [BatchFiles] {
        try await db.query(doneStatement, [.text(account), .int8(limit)]).map {
            BatchFiles(batch: $0.uuid(0), job: $0.uuid(1), files: $0.textArray(2), requestID: $0.optionalText(3))
        }
    }

    /// Marks all files of the batch as deleted. The batch is in an end state, so it has no other writer and needs no
    /// lease.
    public static func gone(_ db: any Querying, batch: Identifier) async throws(DatabaseError) {
        _ = try await db.query(goneStatement, [.uuid(batch)])
    }

    /// Those of `uploads` that no batch will use. Each upload is named after its batch. A name that is not the id of
    /// one of our batches belongs to a foreign file.
    public static func orphans(
        _ db: any Querying, _ uploads: [(batch: Identifier, file: String)]
    ) async throws(DatabaseError) -> [String] {
        try await db.query(orphansStatement, [.uuidArray(uploads.map(\.batch)), .textArray(uploads.map(\.file))])
            .map { $0.text(0) }
    }
}
