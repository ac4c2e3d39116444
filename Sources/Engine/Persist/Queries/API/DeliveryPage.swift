// A job's webhook deliveries with their attempts, paged by the first lot of each delivery:
// there may be as many deliveries as lots.

/// A delivery as its integrator sees it.
public struct DeliveryView: Sendable {
    public let id: Identifier
    public let job: Identifier
    public let url: String
    public let event: String
    public let status: DeliveryStatus
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

    /// Returns nil for all rows of a delivery except the first, because only that one has the URL.
    fileprivate init?(_ row: inout ColumnReader) throws(DatabaseError) {
        let url = row.optionalText("CASE WHEN coalesce(a.place, 1) = 1 THEN d.webhook_url END")
        id = row.uuid("d.id")
        job = row.uuid("d.batch_job_id")
        event = row.text("d.event")
        status = try row.known("d.status", .deliveryStatus)
        attemptCount = row.int("d.attempt_count")
        createdAt = row.timestamp("d.created_at")
        lastAttemptAt = row.optionalTimestamp("d.last_attempt_at")
        deliveredAt = row.optionalTimestamp("d.delivered_at")
        nextAttemptAt = row.optionalTimestamp(
            "CASE WHEN d.status = 'pending' AND d.claimed_by IS NULL THEN d.next_attempt_at END")
        errorMessage = row.optionalText("d.error_message")
        firstPosition = row.int("d.first_position")
        guard let url else { return nil }
        self.url = url
    }
}

public struct AttemptView: Sendable {
    public let number: Int
    public let startedAt: Timestamp
    /// nil if the attempt is running, or was interrupted by a crash and will be repeated.
    public let endedAt: Timestamp?
    public let httpStatus: Int?
    public let error: String?

    /// Returns nil for a delivery without attempts.
    fileprivate init?(_ row: inout ColumnReader) {
        let number = row.optionalInt("a.attempt")
        let startedAt = row.optionalTimestamp("a.started_at")
        endedAt = row.optionalTimestamp("a.ended_at")
        httpStatus = row.optionalInt("a.http_status")
        error = row.optionalText("a.error")
        guard let number, let startedAt else { return nil }
        self.number = number
        self.startedAt = startedAt
    }
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
        SELECT \(ColumnReader.list { _ = try read(&$0) })
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
            var columns = ColumnReader(row)
            let (delivery, attempt) = try read(&columns)
            if let delivery { page.append(delivery) }
            if let attempt { page[page.count - 1].attempts.append(attempt) }
        }
        return page
    }

    private static func read(_ row: inout ColumnReader) throws(DatabaseError) -> (DeliveryView?, AttemptView?) {
        let delivery = try DeliveryView(&row)
        return (delivery, AttemptView(&row))
    }
}
