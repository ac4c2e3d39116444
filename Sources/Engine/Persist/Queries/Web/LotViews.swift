// A job's lots for people, paged by position, and one lot with all its data.

/// Selection of lots.
public enum LotChoice: String, CaseIterable, Sendable {
    case all, failed
    /// Lots with unusable images.
    case missing
}

/// A lot in a list.
public struct LotLine: Sendable {
    public let position: Int
    public let lotID: String
    public let images: Int
    /// nil if the lot has not ended.
    public let succeeded: Bool?
    public let usableImages: Int?
    /// Its finished JSON; nil if the lot has not ended or the JSON exceeds ``LotViews/payloadBytesMax``.
    public let payload: String?
}

/// One lot.
public struct LotDetail: Sendable {
    public let lotID: String
    public let additionalInfo: String?
    public let webhook: String?
    /// JSON array of URLs.
    public let images: String
    public let succeeded: Bool?
    public let payload: String?
    public let endedAt: Timestamp?
    /// Unusable answers in their order.
    public fileprivate(set) var troubles: [(stage: String, round: Int, reason: String)] = []
}

public enum LotViews {
    /// Most lots per page.
    public static let lots = 25
    /// Largest payload in a list, bytes; larger ones are not read, so a page holds at most 1.6 MB.
    public static let payloadBytesMax = 64 * 1024
    /// Most troubles shown per lot.
    public static let troublesMax = 50

    private static let columns = """
        l.position, l.lot_id, l.image_count, r.succeeded, r.images,
        CASE WHEN octet_length(r.payload) <= \(payloadBytesMax) THEN r.payload END
        """
    private static let allStatement = Statement(
        "lot_lines",
        """
        SELECT \(columns) FROM batch_lots l
        LEFT JOIN lot_results r ON r.job_id = l.job_id AND r.stage = 'final' AND r.position = l.position
        WHERE l.job_id = $1 AND l.position > $2 ORDER BY l.position LIMIT $3
        """)
    private static let failedStatement = Statement(
        "lot_lines_failed",
        """
        SELECT \(columns) FROM lot_results r JOIN batch_lots l ON l.job_id = r.job_id AND l.position = r.position
        WHERE r.job_id = $1 AND r.stage = 'final' AND r.position > $2 AND NOT r.succeeded ORDER BY r.position LIMIT $3
        """)
    private static let missingStatement = Statement(
        "lot_lines_missing",
        """
        SELECT \(columns) FROM lot_results r JOIN batch_lots l ON l.job_id = r.job_id AND l.position = r.position
        WHERE r.job_id = $1 AND r.stage = 'final' AND r.position > $2 AND r.images < l.image_count
        ORDER BY r.position LIMIT $3
        """)
    private static let oneStatement = Statement(
        "lot_detail",
        """
        SELECT l.lot_id, l.additional_info, l.webhook, l.images, r.succeeded, r.payload, r.created_at FROM batch_lots l
        LEFT JOIN lot_results r ON r.job_id = l.job_id AND r.stage = 'final' AND r.position = l.position
        WHERE l.job_id = $1 AND l.position = $2
        """)
    private static let troublesStatement = Statement(
        "lot_troubles",
        """
        SELECT stage, round, reason FROM line_failures WHERE job_id = $1 AND position = $2
        ORDER BY stage DESC, round LIMIT \(troublesMax)
        """)

    /// - Parameter after: position of the last lot on the previous page; -1 for the first page.
    public static func page(
        _ db: any Querying, job: Identifier, _ choice: LotChoice, after: Int, limit: Int
    ) async throws(DatabaseError) -> [LotLine] {
        let statement =
            switch choice {
            case .all: allStatement
            case .failed: failedStatement
            case .missing: missingStatement
            }
        return try await db.query(statement, [.uuid(job), .int4(after), .int8(limit)]).map { row in
            LotLine(
                position: row.int(0), lotID: row.text(1), images: row.int(2), succeeded: row.optionalBool(3),
                usableImages: row.optionalInt(4), payload: row.optionalText(5))
        }
    }

    public static func one(
        _ db: any Querying, job: Identifier, position: Int
    ) async throws(DatabaseError) -> LotDetail? {
        guard let row = try await db.query(oneStatement, [.uuid(job), .int4(position)]).first else { return nil }
        var lot = LotDetail(
            lotID: row.text(0), additionalInfo: row.optionalText(1), webhook: row.optionalText(2),
            images: row.text(3), succeeded: row.optionalBool(4), payload: row.optionalText(5),
            endedAt: row.optionalTimestamp(6))
        lot.troubles = try await db.query(troublesStatement, [.uuid(job), .int4(position)]).map {
            (stage: $0.text(0), round: $0.int(1), reason: $0.text(2))
        }
        return lot
    }
}
