// Files at the provider that nobody needs any more: those of shards that are done with, and uploads that no shard
// knows of.

/// A shard's files.
public struct ShardFiles: Sendable {
    public let shard: Identifier
    public let job: Identifier
    public let files: [String]
    /// The request that made the job; nil if it or its job is gone.
    public let requestID: String?
}

public enum ProviderFiles {
    private static let doneStatement = Statement(
        "shards_with_files",
        """
        SELECT id, job_id, array_remove(ARRAY[input_file_id, output_file_id, error_file_id], NULL),
            (SELECT j.request_id FROM batch_jobs j WHERE j.id = job_id)
        FROM openai_batches
        WHERE state IN ('collected', 'abandoned') AND NOT files_gone
            AND coalesce(input_file_id, output_file_id, error_file_id) IS NOT NULL AND account = $1
        ORDER BY ended_at LIMIT $2
        """)
    private static let goneStatement = Statement(
        "shard_files_gone", "UPDATE openai_batches SET files_gone = true WHERE id = $1")
    private static let orphansStatement = Statement(
        "orphan_files",
        """
        SELECT u.file FROM unnest($1::uuid[], $2::text[]) AS u (shard, file) JOIN openai_batches b ON b.id = u.shard
        WHERE b.state IN ('collected', 'abandoned') OR b.input_file_id <> u.file
        """)

    /// Shards of the account that are done with and still have files; the oldest first.
    public static func done(
        _ db: any Querying, account: String, limit: Int
    ) async throws(DatabaseError) -> [ShardFiles] {
        try await db.query(doneStatement, [.text(account), .int8(limit)]).map {
            ShardFiles(shard: $0.uuid(0), job: $0.uuid(1), files: $0.textArray(2), requestID: $0.optionalText(3))
        }
    }

    /// Nothing of the shard is left. It has reached its end, so nobody else writes its row, and no lease is needed.
    public static func gone(_ db: any Querying, shard: Identifier) async throws(DatabaseError) {
        _ = try await db.query(goneStatement, [.uuid(shard)])
    }

    /// Those of the uploads, named after their shards, that no shard will use. A name that is none of our shards' is
    /// somebody else's file.
    public static func orphans(
        _ db: any Querying, _ uploads: [(shard: Identifier, file: String)]
    ) async throws(DatabaseError) -> [String] {
        try await db.query(orphansStatement, [.uuidArray(uploads.map(\.shard)), .textArray(uploads.map(\.file))])
            .map { $0.text(0) }
    }
}
