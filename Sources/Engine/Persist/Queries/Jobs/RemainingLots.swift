// The lots that a stage still lacks, with the weight of their lines and what went wrong last time. A lot that has its
// final row is done with, whatever the stage.

/// A lot that still needs a stage.
public struct RemainingLot: Sendable {
    public let position: Int
    /// Bytes of its text input.
    public let textBytes: Int
    /// Bytes of its image list; usable images.
    public let imageListBytes: Int
    public let imageCount: Int
    public let lastReason: String?
    public let imageDownloadFailed: Bool
    /// False: sending it again cannot help.
    public let curable: Bool
}

public enum RemainingLots {
    private static let visionStatement = Statement(
        "remaining_vision",
        """
        SELECT l.position, coalesce(octet_length(l.additional_info), 0), octet_length(l.images), i.images,
            f.reason, coalesce(f.image_download, false), coalesce(f.curable, true)
        FROM batch_lots l
        JOIN lot_results i ON i.job_id = l.job_id AND i.stage = 'images' AND i.position = l.position AND i.succeeded
        LEFT JOIN LATERAL (\(lastFailure(in: .vision))) f ON true
        WHERE l.job_id = $1 AND l.position > $2
          AND NOT EXISTS (SELECT 1 FROM lot_results r WHERE r.job_id = l.job_id AND r.stage = 'vision'
            AND r.position = l.position)
          AND NOT EXISTS (SELECT 1 FROM lot_results r WHERE r.job_id = l.job_id AND r.stage = 'final'
            AND r.position = l.position)
        ORDER BY l.position LIMIT $3
        """)
    private static let translationStatement = Statement(
        "remaining_translation",
        """
        SELECT l.position, octet_length(l.payload), 0, 0, f.reason, false, coalesce(f.curable, true)
        FROM lot_results l
        LEFT JOIN LATERAL (\(lastFailure(in: .translation))) f ON true
        WHERE l.job_id = $1 AND l.stage = 'vision' AND l.succeeded AND l.position > $2
          AND NOT EXISTS (SELECT 1 FROM lot_results r WHERE r.job_id = l.job_id AND r.stage = 'translation'
            AND r.position = l.position)
          AND NOT EXISTS (SELECT 1 FROM lot_results r WHERE r.job_id = l.job_id AND r.stage = 'final'
            AND r.position = l.position)
        ORDER BY l.position LIMIT $3
        """)

    private static func lastFailure(in stage: WorkStage) -> String {
        """
        SELECT x.reason, x.image_download, x.curable FROM line_failures x
        WHERE x.job_id = l.job_id AND x.stage = '\(stage.rawValue)' AND x.position = l.position
        ORDER BY x.round DESC LIMIT 1
        """
    }

    /// A page of lots after `position`, in order.
    public static func page(
        _ db: any Querying, job: Identifier, stage: WorkStage, after position: Int, limit: Int
    ) async throws(DatabaseError) -> [RemainingLot] {
        let statement =
            switch stage {
            case .vision: visionStatement
            case .translation: translationStatement
            }
        return try await db.query(statement, [.uuid(job), .int4(position), .int8(limit)]).map { row in
            RemainingLot(
                position: row.int(0), textBytes: row.int(1), imageListBytes: row.int(2), imageCount: row.int(3),
                lastReason: row.optionalText(4), imageDownloadFailed: row.bool(5), curable: row.bool(6))
        }
    }
}
