// What goes into the lines of a shard, and what a lot's finished JSON is made of.

/// A lot's input to the vision stage.
public struct VisionInput: Sendable {
    public let position: Int
    public let additionalInfo: String?
    /// JSON arrays of URLs: all, and those that cannot be used.
    public let images: String
    public let missing: String
}

/// What is known of a lot when it ends.
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
        SELECT l.position, l.additional_info, l.images, i.payload
        FROM batch_lots l
        JOIN lot_results i ON i.job_id = l.job_id AND i.stage = 'images' AND i.position = l.position
        WHERE l.job_id = $1 AND l.position = ANY ($2::int[]) ORDER BY l.position
        """)
    private static let translationStatement = Statement(
        "translation_inputs",
        """
        SELECT position, payload FROM lot_results
        WHERE job_id = $1 AND stage = 'vision' AND succeeded AND position = ANY ($2::int[]) ORDER BY position
        """)
    private static let factsStatement = Statement(
        "lot_facts",
        """
        SELECT l.position, l.lot_id, coalesce(i.payload, '[]'), coalesce(i.images, 0), v.payload
        FROM batch_lots l
        LEFT JOIN lot_results i ON i.job_id = l.job_id AND i.stage = 'images' AND i.position = l.position
        LEFT JOIN lot_results v ON v.job_id = l.job_id AND v.stage = 'vision' AND v.position = l.position
            AND v.succeeded
        WHERE l.job_id = $1 AND l.position = ANY ($2::int[]) ORDER BY l.position
        """)

    public static func vision(
        _ db: any Querying, job: Identifier, positions: [Int]
    ) async throws(DatabaseError) -> [VisionInput] {
        try await db.query(visionStatement, [.uuid(job), .int4Array(positions)]).map {
            VisionInput(
                position: $0.int(0), additionalInfo: $0.optionalText(1), images: $0.text(2), missing: $0.text(3))
        }
    }

    private static let openStatement = Statement(
        "open_lots",
        """
        SELECT position FROM batch_lots l WHERE job_id = $1 AND NOT EXISTS (SELECT 1 FROM lot_results r
            WHERE r.job_id = l.job_id AND r.stage = 'final' AND r.position = l.position)
        ORDER BY position LIMIT $2
        """)
    private static let reasonStatement = Statement(
        "first_failed_lot",
        """
        SELECT payload FROM lot_results WHERE job_id = $1 AND stage = 'final' AND NOT succeeded
            ORDER BY position LIMIT 1
        """)

    /// Lots without an end, the first ones.
    public static func open(_ db: any Querying, job: Identifier, limit: Int) async throws(DatabaseError) -> [Int] {
        try await db.query(openStatement, [.uuid(job), .int8(limit)]).map { $0.int(0) }
    }

    /// The finished JSON of the first lot that failed.
    public static func firstFailed(_ db: any Querying, job: Identifier) async throws(DatabaseError) -> String? {
        try await db.query(reasonStatement, [.uuid(job)]).first?.text(0)
    }

    /// Position and English text.
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
