// Unusable answer lines, and the last error of each lot.

/// Why a lot's line gave no usable answer.
public struct LineFailure: Sendable {
    public var position: Int
    public var reason: String
    /// The provider could not download an image.
    public var imageDownload: Bool
    /// A second attempt may succeed.
    public var curable: Bool
    /// The provider refused pictures, and the lot is sent again without them: this is no attempt of the lot.
    public var isOfPictures = false

    public init(position: Int, reason: String, imageDownload: Bool, curable: Bool) {
        self.position = position
        self.reason = reason
        self.imageDownload = imageDownload
        self.curable = curable
    }
}

public enum LineFailures {
    private static let statement = Statement(
        "store_line_failures",
        """
        INSERT INTO line_failures
            (shard_id, job_id, stage, round, position, reason, image_download, curable, pictures)
        SELECT $1, $2, $3, $4, u.position, u.reason, u.download = 1, u.curable = 1, u.pictures = 1
        FROM unnest($5::int[], $6::text[], $7::int[], $8::int[], $9::int[])
            AS u (position, reason, download, curable, pictures)
        ON CONFLICT (shard_id, position) DO NOTHING RETURNING position
        """)

    /// - Returns: the positions that were new.
    @discardableResult
    public static func store(
        _ db: any Querying, batch: ProviderBatch, job: Identifier, _ failures: [LineFailure]
    ) async throws(DatabaseError) -> Set<Int> {
        guard !failures.isEmpty else { return [] }
        let rows = try await db.query(
            statement,
            [
                .uuid(batch.id), .uuid(job), .text(batch.stage.rawValue), .int4(batch.round),
                .int4Array(failures.map(\.position)), .textArray(failures.map(\.reason)),
                .int4Array(failures.map { $0.imageDownload ? 1 : 0 }), .int4Array(failures.map { $0.curable ? 1 : 0 }),
                .int4Array(failures.map { $0.isOfPictures ? 1 : 0 }),
            ])
        return Set(rows.map { $0.int(0) })
    }
}
