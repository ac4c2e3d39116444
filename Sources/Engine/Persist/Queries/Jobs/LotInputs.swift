// Inputs of a batch's lines and of a lot's finished JSON. Rows are found by key, lot by lot: see `RemainingLots`.

/// A lot's input to the vision stage.
public struct VisionInput: Sendable {
    public let position: Int
    public let additionalInfo: String?
    /// JSON array of all image URLs of the lot.
    public let images: String
    /// JSON array of the image URLs that cannot be used.
    public let missing: String
    /// Why they cannot be used, as JSON; nil if unknown.
    public let missingReasons: String?
}

/// The facts from which the finished JSON of a lot is made.
public struct LotFacts: Sendable {
    public let position: Int
    public let lotID: String
    public let missing: String
    public let usableImages: Int
    public let english: String?
}

public enum LotInputs {
    private static let visionStatement = Statement(
        "vision_inputs",
        """
        SELECT p.position, l.additional_info, l.images, i.payload, i.missing_reasons
        FROM \(eachLot)
        JOIN LATERAL (\(row(of: .images))) i ON true
        ORDER BY p.position
        """)
    private static let translationStatement = Statement(
        "translation_inputs",
        """
        SELECT p.position, v.payload FROM unnest($2::int[]) p (position)
        JOIN LATERAL (\(row(of: .vision))) v ON v.succeeded
        ORDER BY p.position
        """)
    private static let factsStatement = Statement(
        "lot_facts",
        """
        SELECT p.position, l.lot_id, coalesce(i.payload, '[]'), coalesce(i.images, 0), v.payload
        FROM \(eachLot)
        LEFT JOIN LATERAL (\(row(of: .images))) i ON true
        LEFT JOIN LATERAL (\(row(of: .vision))) v ON v.succeeded
        ORDER BY p.position
        """)

    private static let eachLot = """
        unnest($2::int[]) p (position)
        JOIN LATERAL (SELECT lot_id, additional_info, images FROM batch_lots
            WHERE job_id = $1 AND position = p.position LIMIT 1) l ON true
        """

    private static func row(of stage: StoreResults.Stage) -> String {
        """
        SELECT payload, images, succeeded, missing_reasons FROM lot_results r
        WHERE r.job_id = $1 AND r.stage = '\(stage.rawValue)' AND r.position = p.position LIMIT 1
        """
    }

    public static func vision(
        _ db: any Querying, job: Identifier, positions: [Int]
    ) async throws(DatabaseError) -> [VisionInput] {
        try await db.query(visionStatement, [.uuid(job), .int4Array(positions)]).map {
            VisionInput(
                position: $0.int(0), additionalInfo: $0.optionalText(1), images: $0.text(2), missing: $0.text(3),
                missingReasons: $0.optionalText(4))
        }
    }

    private static let openStatement = Statement(
        "open_lots",
        """
        SELECT position FROM batch_lots l WHERE job_id = $1 AND position >= $2 AND position < $3
            AND \(RemainingLots.lacks(.final))
        ORDER BY position
        """)
    private static let reasonStatement = Statement(
        "first_failed_lot",
        """
        SELECT payload FROM lot_results WHERE job_id = $1 AND stage = 'final' AND NOT succeeded
            ORDER BY position LIMIT 1
        """)

    /// Those of `positions` whose lots have no final result.
    public static func open(
        _ db: any Querying, job: Identifier, positions: Range<Int>
    ) async throws(DatabaseError) -> [Int] {
        try await db.query(
            openStatement, [.uuid(job), .int4(positions.lowerBound), .int4(positions.upperBound)]
        ).map { $0.int(0) }
    }

    /// The finished JSON of the first lot that failed.
    public static func firstFailed(_ db: any Querying, job: Identifier) async throws(DatabaseError) -> String? {
        try await db.query(reasonStatement, [.uuid(job)]).first?.text(0)
    }

    /// Positions with their English texts.
    public static func translation(
        _ db: any Querying, job: Identifier, positions: [Int]
    ) async throws(DatabaseError) -> [(position: Int, english: String)] {
        try await db.query(translationStatement, [.uuid(job), .int4Array(positions)]).map { ($0.int(0), $0.text(1)) }
    }

    public static func facts(
        _ db: any Querying, job: Identifier, positions: [Int]
    ) async throws(DatabaseError) -> [LotFacts] {
        try await db.query(factsStatement, [.uuid(job), .int4Array(positions)]).map {
            LotFacts(
                position: $0.int(0), lotID: $0.text(1), missing: $0.text(2), usableImages: $0.int(3),
                english: $0.optionalText(4))
        }
    }
}
