// What a webhook body is made of: the ended job and its lots of one URL, in pages by key. Ended jobs are immutable, so
// the same delivery always reads the same bytes.

/// The ended job as a webhook tells it.
public struct EndedJob: Sendable {
    public let status: JobStatus
    public let createdAt: Timestamp
    public let endedAt: Timestamp
    public let totalLots: Int
    public let processedLots: Int
    public let failedLots: Int
    public let errorMessage: String?
}

/// A lot as a webhook tells it: its finished JSON, or its id if its job's end overtook it.
public struct DeliveryLot: Sendable {
    public let position: Int
    public let json: [UInt8]?
    public let lotID: String?
}

public enum DeliveryContent {
    private static let jobStatement = Statement(
        "ended_job",
        """
        SELECT status, created_at, coalesce(cancelled_at, completed_at, updated_at), total_lots, processed_lots,
            failed_lots, error_message
        FROM batch_jobs WHERE id = $1
        """)
    private static let lotsStatement = Statement(
        "delivery_lots",
        """
        SELECT l.position, r.payload, CASE WHEN r.payload IS NULL THEN l.lot_id END FROM batch_lots l
        LEFT JOIN lot_results r ON r.job_id = l.job_id AND r.stage = 'final' AND r.position = l.position
        WHERE l.job_id = $1 AND l.webhook = $2 AND l.position > $3
        ORDER BY l.position LIMIT $4
        """)

    public static func job(_ db: any Querying, _ id: Identifier) async throws(DatabaseError) -> EndedJob? {
        try await db.query(jobStatement, [.uuid(id)]).first.map { row in
            EndedJob(
                status: JobStatus(rawValue: row.text(0)) ?? .failed, createdAt: row.timestamp(1),
                endedAt: row.timestamp(2), totalLots: row.int(3), processedLots: row.int(4), failedLots: row.int(5),
                errorMessage: row.optionalText(6))
        }
    }

    /// A page of lots after `position`.
    public static func lots(
        _ db: any Querying, job: Identifier, url: String, after position: Int, limit: Int
    ) async throws(DatabaseError) -> [DeliveryLot] {
        try await db.query(lotsStatement, [.uuid(job), .text(url), .int4(position), .int8(limit)]).map {
            DeliveryLot(position: $0.int(0), json: $0.optionalBytes(1), lotID: $0.optionalText(2))
        }
    }
}
