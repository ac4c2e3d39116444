// What a webhook body is made of: the ended job and its lots of one URL, in pages. Ended jobs are immutable, so
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
        SELECT r.payload, CASE WHEN r.payload IS NULL THEN l.lot_id END
        FROM webhook_deliveries d CROSS JOIN LATERAL unnest(d.positions[$2 + 1 : $2 + $3]) AS p (position)
        JOIN batch_lots l ON l.job_id = d.batch_job_id AND l.position = p.position
        LEFT JOIN lot_results r ON r.job_id = l.job_id AND r.stage = 'final' AND r.position = l.position
        WHERE d.id = $1 ORDER BY l.position
        """)

    public static func job(_ db: any Querying, _ id: Identifier) async throws(DatabaseError) -> EndedJob? {
        try await db.query(jobStatement, [.uuid(id)]).first.map { row in
            EndedJob(
                status: JobStatus(rawValue: row.text(0)) ?? .failed, createdAt: row.timestamp(1),
                endedAt: row.timestamp(2), totalLots: row.int(3), processedLots: row.int(4), failedLots: row.int(5),
                errorMessage: row.optionalText(6))
        }
    }

    /// A page of the delivery's lots, in their order in the request.
    /// - Parameter offset: how many came before.
    public static func lots(
        _ db: any Querying, delivery: Identifier, offset: Int, limit: Int
    ) async throws(DatabaseError) -> [DeliveryLot] {
        try await db.query(lotsStatement, [.uuid(delivery), .int4(offset), .int4(limit)]).map {
            DeliveryLot(json: $0.optionalBytes(0), lotID: $0.optionalText(1))
        }
    }
}
