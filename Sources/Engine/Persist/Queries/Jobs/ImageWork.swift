// The image stage reads the lots without a result of this stage, one window of positions at a time.

/// The images of a lot, as the image check needs them.
public struct LotImages: Sendable {
    public let position: Int
    public let lotID: String
    /// JSON array of URLs.
    public let images: String
}

public enum ImageWork {
    private static let pageStatement = Statement(
        "image_page",
        """
        SELECT l.position, l.lot_id, l.images FROM batch_lots l
        WHERE l.job_id = $1 AND l.position >= $2 AND l.position < $3
            AND \(RemainingLots.lacks(.images))
        ORDER BY l.position
        """)

    public static func page(
        _ db: any Querying, job: Identifier, positions: Range<Int>
    ) async throws(DatabaseError) -> [LotImages] {
        try await db.query(
            pageStatement, [.uuid(job), .int4(positions.lowerBound), .int4(positions.upperBound)]
        ).map {
            LotImages(position: $0.int(0), lotID: $0.text(1), images: $0.text(2))
        }
    }

    private static let correctStatement = Statement(
        "image_correct",
        """
        UPDATE lot_results r
        SET payload = u.payload, images = u.images, missing_reasons = nullif(u.reasons, '')
        FROM unnest($2::int[], $3::text[], $4::int[], $5::text[]) AS u (position, payload, images, reasons)
        WHERE r.job_id = $1 AND r.stage = 'images' AND r.position = u.position
        """)

    /// Corrects results of lots whose images passed the check, but could not be downloaded for inlining or were refused
    /// by the provider (rare).
    public static func correct(
        _ db: any Querying, job: Identifier, _ results: [StageResult]
    ) async throws(DatabaseError) {
        guard !results.isEmpty else { return }
        _ = try await db.query(
            correctStatement,
            [
                .uuid(job), .int4Array(results.map(\.position)), .textArray(results.map(\.payload)),
                .int4Array(results.map(\.images)), .textArray(results.map { $0.missingReasons ?? "" }),
            ])
    }
}
