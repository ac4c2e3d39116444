// The content of a webhook body: the ended job and its lots of one URL, in pages. Ended jobs are immutable, so a
// delivery always reads the same bytes.

/// The ended job as a webhook reports it.
public struct EndedJob: Sendable {
    public let status: JobStatus
    public let createdAt: Timestamp
    public let endedAt: Timestamp
    public let totalLots: Int
    public let processedLots: Int
    public let failedLots: Int
    public let errorMessage: String?
}

/// Consecutive lots of a delivery, in the order of the request. libpq's memory holds their bytes
/// until the page is released. Loop-bound.
public struct DeliveryLots {
    /// A lot as a webhook reports it.
    public enum DeliveredLot {
        /// Its finished JSON, valid inside the callback only.
        case finished(UnsafeRawBufferPointer)
        /// The job ended without a result for this lot.
        case unfinished(lotID: String)
    }

    private let rows: Rows

    init(_ rows: Rows) { self.rows = rows }

    public var count: Int { rows.count }
    /// Number of lots of the whole delivery.
    public var total: Int { rows.first?.int(2) ?? 0 }

    public func forEach(_ body: (DeliveredLot) -> Void) {
        for row in rows {
            if row.isNull(0) {
                body(.unfinished(lotID: row.text(1)))
            } else {
                row.withBytes(0) { body(.finished($0)) }
            }
        }
    }
}

public enum DeliveryContent {
    /// A page ends with the lot that reaches this size, so it holds less than this and one lot.
    public static let pageBytes = 256 * 1024
    /// Lots read per page: about as many usual lots as fill it. The statement measures all of them, however few fit.
    public static let pageLots = 200

    private static let jobStatement = Statement(
        "ended_job",
        """
        SELECT status, created_at, coalesce(cancelled_at, completed_at, updated_at), total_lots, processed_lots,
            failed_lots, error_message
        FROM batch_jobs WHERE id = $1
        """)
    /// Rows are found by key, lot by lot: see `RemainingLots`.
    private static let lotsStatement = Statement(
        "delivery_lots",
        """
        SELECT payload, lot_id, total FROM (
            SELECT r.payload, CASE WHEN r.payload IS NULL THEN l.lot_id END AS lot_id,
                cardinality(d.positions) AS total, p.position, sum(octet_length(coalesce(r.payload, l.lot_id)))
                OVER (ORDER BY p.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM webhook_deliveries d
            CROSS JOIN LATERAL unnest(d.positions[$2 + 1 : $2 + \(pageLots)]) AS p (position)
            JOIN LATERAL (SELECT lot_id FROM batch_lots
                WHERE job_id = d.batch_job_id AND position = p.position LIMIT 1) l ON true
            LEFT JOIN LATERAL (SELECT payload FROM lot_results
                WHERE job_id = d.batch_job_id AND stage = 'final' AND position = p.position LIMIT 1) r ON true
            WHERE d.id = $1) AS page
        WHERE before IS NULL OR before < $3 ORDER BY position
        """)

    public static func job(_ db: any Querying, _ id: Identifier) async throws(DatabaseError) -> EndedJob? {
        guard let row = try await db.query(jobStatement, [.uuid(id)]).first else { return nil }
        return EndedJob(
            status: try row.known(0, .jobStatus), createdAt: row.timestamp(1), endedAt: row.timestamp(2),
            totalLots: row.int(3), processedLots: row.int(4), failedLots: row.int(5), errorMessage: row.optionalText(6))
    }

    /// Returns a page of the delivery's lots.
    /// - Parameter offset: number of lots before the page.
    public static func lots(
        _ db: any Querying, delivery: Identifier, offset: Int, bytes: Int = pageBytes
    ) async throws(DatabaseError) -> DeliveryLots {
        DeliveryLots(try await db.query(lotsStatement, [.uuid(delivery), .int4(offset), .int8(bytes)]))
    }
}
