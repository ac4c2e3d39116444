// A job's webhook deliveries with their attempts, paged by the first lot of each delivery:
// there may be as many deliveries as lots.

/// A delivery as its integrator sees it.
public struct DeliveryView: Sendable {
    public let id: Identifier
    public let job: Identifier
    public let url: String
    public let event: String
    public let status: String
    public let attemptCount: Int
    public let createdAt: Timestamp
    public let lastAttemptAt: Timestamp?
    public let deliveredAt: Timestamp?
    /// nil if the delivery has ended or an attempt is running.
    public let nextAttemptAt: Timestamp?
    public let errorMessage: String?
    /// Position of its first lot, which is the sort key.
    public let firstPosition: Int
    /// The latest ``DeliveryPage/attemptsMax`` attempts, oldest first.
    public fileprivate(set) var attempts: [AttemptView] = []
}

public struct AttemptView: Sendable {
    public let number: Int
    public let startedAt: Timestamp
    /// nil if the attempt is running, or was interrupted by a crash and will be repeated.
    public let endedAt: Timestamp?
    public let httpStatus: Int?
    public let error: String?
}

public enum DeliveryPage {
    /// Most deliveries per page.
    public static let rows = 100
    /// Most attempts shown per delivery; redeliveries make their number unlimited.
    public static let attemptsMax = 100

    /// One row per attempt. The URL can be long, so only a delivery's first row has it.
    private static let statement = Statement(
        "delivery_page",
        """
        SELECT d.id, d.batch_job_id, CASE WHEN coalesce(a.place, 1) = 1 THEN d.webhook_url END, d.event, d.status,
            d.attempt_count, d.created_at, d.last_attempt_at, d.delivered_at,
            CASE WHEN d.status = 'pending' AND d.claimed_by IS NULL THEN d.next_attempt_at END, d.error_message,
            d.first_position, a.attempt, a.started_at, a.ended_at, a.http_status, a.error
        FROM (SELECT * FROM webhook_deliveries WHERE batch_job_id = $1 AND first_position > $2
            ORDER BY first_position LIMIT \(rows)) AS d
        LEFT JOIN LATERAL (
            SELECT latest.*, row_number() OVER (ORDER BY attempt) AS place
            FROM (SELECT * FROM webhook_attempts WHERE delivery_id = d.id
                ORDER BY attempt DESC LIMIT \(attemptsMax)) AS latest) AS a ON true
        ORDER BY d.first_position, a.attempt
        """)

    /// - Parameter after: the last `firstPosition` of the previous page; -1 for the first page.
    public static func run(
        _ db: any Querying, job: Identifier, after: Int
    ) async throws(DatabaseError) -> [DeliveryView] {
        var page: [DeliveryView] = []
        for row in try await db.query(statement, [.uuid(job), .int4(after)]) {
            // NULL in all rows of a delivery except the first.
            if let url = row.optionalText(2) { page.append(delivery(row, url)) }
            if let attempt = attempt(row) { page[page.count - 1].attempts.append(attempt) }
        }
        return page
    }

    private static func delivery(_ row: Row, _ url: String) -> DeliveryView {
        DeliveryView(
            id: row.uuid(0), job: row.uuid(1), url: url, event: row.text(3), status: row.text(4),
            attemptCount: row.int(5), createdAt: row.timestamp(6), lastAttemptAt: row.optionalTimestamp(7),
            deliveredAt: row.optionalTimestamp(8), nextAttemptAt: row.optionalTimestamp(9),
            errorMessage: row.optionalText(10), firstPosition: row.int(11))
    }

    private static func attempt(_ row: Row) -> AttemptView? {
        guard let number = row.optionalInt(12) else { return nil }
        return AttemptView(
            number: number, startedAt: row.timestamp(13), endedAt: row.optionalTimestamp(14),
            httpStatus: row.optionalInt(15), error: row.optionalText(16))
    }
}
