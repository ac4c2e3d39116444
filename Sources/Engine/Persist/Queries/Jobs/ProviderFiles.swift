// Files at the provider that nobody needs any more: those of batches that are done with, and uploads that no batch
// knows of.

/// A batch's files.
public struct BatchFiles: Sendable {
    public let batch: Identifier
    public let job: Identifier
    public let files: [String]
    /// The request that made the job; nil if it or its job is gone.
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
        "batch_files_gone", "UPDATE openai_batches SET files_gone = true WHERE id = $1")
    private static let orphansStatement = Statement(
        "orphan_files",
        """
        SELECT u.file FROM unnest($1::uuid[], $2::text[]) AS u (batch, file) JOIN openai_batches b ON b.id = u.batch
        WHERE b.state IN ('collected', 'abandoned') OR b.input_file_id <> u.file
        """)

    /// Batches of the account that are done with and still have files; the oldest first.
    public static func done(
        _ db: any Querying, account: String, limit: Int
    ) async throws(DatabaseError) -> [BatchFiles] {
        try await db.query(doneStatement, [.text(account), .int8(limit)]).map {
            BatchFiles(batch: $0.uuid(0), job: $0.uuid(1), files: $0.textArray(2), requestID: $0.optionalText(3))
        }
    }

    /// Nothing of the batch is left. It has reached its end, so nobody else writes its row, and no lease is needed.
    public static func gone(_ db: any Querying, batch: Identifier) async throws(DatabaseError) {
        _ = try await db.query(goneStatement, [.uuid(batch)])
    }

    /// Those of the uploads, named after their batches, that no batch will use. A name that is none of our batches' is
    /// somebody else's file.
    public static func orphans(
        _ db: any Querying, _ uploads: [(batch: Identifier, file: String)]
    ) async throws(DatabaseError) -> [String] {
        try await db.query(orphansStatement, [.uuidArray(uploads.map(\.batch)), .textArray(uploads.map(\.file))])
            .map { $0.text(0) }
    }
}
