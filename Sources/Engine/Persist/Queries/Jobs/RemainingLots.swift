// The lots that still need a stage, with the size of their lines and their last error. A lot with a final row needs no
// stage any more.
//
// Each lot's other rows are looked up by key, one lot at a time, in a subquery that the planner cannot turn into a
// join. Tables that have just been filled have no statistics yet. Without statistics the planner joins by comparing
// each lot with every row of its job, which takes minutes for 50,000 lots. For the same reason pages are windows of
// positions: a `LIMIT` alone may read and sort all lots of the job for each page.

/// A lot that still needs a stage.
public struct RemainingLot: Sendable {
    public let position: Int
    /// Bytes of its text input.
    public let textBytes: Int
    /// Bytes of its image list.
    public let imageListBytes: Int
    public let imageCount: Int
    public let lastReason: String?
    public let imageDownloadFailed: Bool
    /// False if a second attempt cannot succeed.
    public let curable: Bool
    /// Number of unusable answers in this stage, without refusals of pictures.
    public let failures: Int
    /// The last failure was a refusal of pictures, which the lot is sent without now.
    public var isWithoutRefused = false
}

public enum RemainingLots {
    private static let visionStatement = Statement(
        "remaining_vision",
        """
        SELECT l.position, coalesce(octet_length(l.additional_info), 0), octet_length(l.images), i.images,
            f.reason, coalesce(f.image_download, false), coalesce(f.curable, true),
            coalesce(f.failures, 0), coalesce(f.pictures, false)
        FROM batch_lots l
        JOIN LATERAL (SELECT images FROM lot_results r WHERE r.job_id = l.job_id AND r.stage = 'images'
            AND r.position = l.position AND r.succeeded LIMIT 1) i ON true
        LEFT JOIN LATERAL (\(lastFailure(in: .vision))) f ON true
        WHERE l.job_id = $1 AND l.position >= $2 AND l.position < $3
          AND \(lacks(.vision)) AND \(lacks(.final))
        ORDER BY l.position LIMIT $4
        """)
    private static let translationStatement = Statement(
        "remaining_translation",
        """
        SELECT l.position, octet_length(l.payload), 0, 0, f.reason, false, coalesce(f.curable, true),
            coalesce(f.failures, 0), false
        FROM lot_results l
        LEFT JOIN LATERAL (\(lastFailure(in: .translation))) f ON true
        WHERE l.job_id = $1 AND l.stage = 'vision' AND l.succeeded
          AND l.position >= $2 AND l.position < $3
          AND \(lacks(.translation)) AND \(lacks(.final))
        ORDER BY l.position LIMIT $4
        """)

    /// The lot `l` has no row of the stage.
    static func lacks(_ stage: StoreResults.Stage) -> String {
        """
        (SELECT r.position FROM lot_results r WHERE r.job_id = l.job_id AND r.stage = '\(stage.rawValue)'
            AND r.position = l.position) IS NULL
        """
    }

    private static func lastFailure(in stage: WorkStage) -> String {
        """
        SELECT x.reason, x.image_download, x.curable, x.pictures,
            (count(*) FILTER (WHERE NOT x.pictures) OVER ())::int AS failures
        FROM line_failures x
        WHERE x.job_id = l.job_id AND x.stage = '\(stage.rawValue)' AND x.position = l.position
        ORDER BY x.round DESC LIMIT 1
        """
    }

    /// Those of `positions` that need the stage, in order.
    /// - Parameter limit: the maximum number of lots.
    public static func page(
        _ db: any Querying, job: Identifier, stage: WorkStage, positions: Range<Int>, limit: Int
    ) async throws(DatabaseError) -> [RemainingLot] {
        let statement =
            switch stage {
            case .vision: visionStatement
            case .translation: translationStatement
            }
        let values: [PGValue] = [
            .uuid(job), .int4(positions.lowerBound), .int4(positions.upperBound), .int8(limit),
        ]
        return try await db.query(statement, values).map { row in
            RemainingLot(
                position: row.int(0), textBytes: row.int(1), imageListBytes: row.int(2), imageCount: row.int(3),
                lastReason: row.optionalText(4), imageDownloadFailed: row.bool(5), curable: row.bool(6),
                failures: row.int(7), isWithoutRefused: row.bool(8))
        }
    }
}
