// Stores results of a stage. A row that exists stays as it is, so collecting the same answers again changes nothing.
// Usage and counts follow the rows that are really new.

/// One lot's outcome of one stage.
public struct StageResult: Sendable {
    public var position: Int
    public var succeeded: Bool
    /// Usable images (stages `images` and `final`).
    public var images: Int
    public var payload: String
    /// Why each missing picture is missing, as JSON (stage `images`).
    public var missingReasons: String?

    public init(position: Int, succeeded: Bool, images: Int = 0, payload: String, missingReasons: String? = nil) {
        self.position = position
        self.succeeded = succeeded
        self.images = images
        self.payload = payload
        self.missingReasons = missingReasons
    }
}

public enum StoreResults {
    /// The stages of `lot_results`.
    public enum Stage: String, Sendable {
        case images, vision, translation, final

        public init(_ stage: WorkStage) {
            switch stage {
            case .vision: self = .vision
            case .translation: self = .translation
            }
        }
    }

    private static let statement = Statement(
        "store_results",
        """
        INSERT INTO lot_results (job_id, stage, position, succeeded, images, payload, missing_reasons)
        SELECT $1, $2, u.position, u.succeeded = 1, u.images, u.payload, nullif(u.reasons, '')
        FROM unnest($3::int[], $4::int[], $5::int[], $6::text[], $7::text[])
            AS u (position, succeeded, images, payload, reasons)
        ON CONFLICT (job_id, stage, position) DO NOTHING
        RETURNING position
        """)

    /// - Returns: the positions that were new.
    public static func run(
        _ db: any Querying, job: Identifier, stage: Stage, _ results: [StageResult]
    ) async throws(DatabaseError) -> Set<Int> {
        guard !results.isEmpty else { return [] }
        let rows = try await db.query(
            statement,
            [
                .uuid(job), .text(stage.rawValue), .int4Array(results.map(\.position)),
                .int4Array(results.map { $0.succeeded ? 1 : 0 }), .int4Array(results.map(\.images)),
                .textArray(results.map(\.payload)), .textArray(results.map { $0.missingReasons ?? "" }),
            ])
        return Set(rows.map { $0.int(0) })
    }
}
