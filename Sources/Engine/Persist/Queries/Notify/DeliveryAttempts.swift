// Records an attempt's intent before it and its outcome after it.

/// Outcome of an attempt.
public struct AttemptOutcome: Sendable, Equatable {
    public var httpStatus: Int?
    /// nil if it was delivered.
    public var error: String?

    public init(httpStatus: Int?, error: String?) {
        self.httpStatus = httpStatus
        self.error = error
    }
}

public enum DeliveryAttempts {
    private static let statusStatement = Statement(
        "delivery_status", "SELECT status FROM webhook_deliveries WHERE id = $1")
    private static let beginStatement = Statement(
        "attempt_begin",
        """
        INSERT INTO webhook_attempts (delivery_id, attempt, started_at)
        SELECT id, $2, now() FROM webhook_deliveries
        WHERE id = $1 AND claimed_by = $3 AND status = 'pending' AND attempt_count = $2 - 1
        ON CONFLICT (delivery_id, attempt) DO UPDATE SET started_at = now(), ended_at = NULL, http_status = NULL,
            error = NULL
        """)
    private static let endStatement = Statement(
        "attempt_end",
        """
        UPDATE webhook_attempts SET ended_at = now() - make_interval(secs => $6), http_status = $3, error = $4
        WHERE delivery_id = $1 AND attempt = $2 AND EXISTS (
            SELECT 1 FROM webhook_deliveries
            WHERE id = $1 AND status = 'pending' AND claimed_by = $5 AND attempt_count = $2 - 1)
        """)
    private static let settleStatement = Statement(
        "delivery_settle",
        """
        UPDATE webhook_deliveries SET status = $3, attempt_count = $2, error_message = $4, claimed_by = NULL,
            last_attempt_at = now() - make_interval(secs => $7),
            delivered_at = CASE WHEN $3 = 'delivered' THEN now() - make_interval(secs => $7) END,
            next_attempt_at = now() + make_interval(secs => $5 - $7)
        WHERE id = $1 AND status = 'pending' AND claimed_by = $6 AND attempt_count = $2 - 1
        """)
    private static let putBackStatement = Statement(
        "delivery_put_back",
        """
        UPDATE webhook_deliveries SET claimed_by = NULL, next_attempt_at = now() + make_interval(secs => $2)
        WHERE id = ANY ($1::uuid[]) AND status = 'pending' AND claimed_by = $3
        """)

    /// - Returns: false if another sender has claimed the delivery.
    public static func begin(
        _ db: any Querying, delivery: Identifier, attempt: Int, incarnation: Identifier
    ) async throws(DatabaseError) -> Bool {
        try await db.query(beginStatement, [.uuid(delivery), .int4(attempt), .uuid(incarnation)]).affected > 0
    }

    /// Records an attempt that ended `agoSeconds` ago. Idempotent.
    /// - Parameter status: `delivered`, `failed`, or `pending` with the next attempt due `waitSeconds` after the end.
    /// - Returns: false if nothing was written, because the outcome is recorded already, another sender has claimed the
    ///   delivery, or the delivery is not pending.
    @discardableResult
    public static func end(
        _ db: any Querying, delivery: Identifier, attempt: Int, incarnation: Identifier, outcome: AttemptOutcome,
        agoSeconds: Double, status: DeliveryStatus, waitSeconds: Double
    ) async throws(DatabaseError) -> Bool {
        _ = try await db.query(
            endStatement,
            [
                .uuid(delivery), .int4(attempt), .int4(outcome.httpStatus), .text(outcome.error), .uuid(incarnation),
                .double(agoSeconds),
            ])
        let settled = try await db.query(
            settleStatement,
            [
                .uuid(delivery), .int4(attempt), .text(status.rawValue), .text(outcome.error), .double(waitSeconds),
                .uuid(incarnation), .double(agoSeconds),
            ])
        return settled.affected > 0
    }

    /// Returns nil if the delivery does not exist.
    /// - Throws: `DatabaseError`; `unknownText` for a row that a newer version wrote.
    public static func status(
        _ db: any Querying, delivery: Identifier
    ) async throws(DatabaseError) -> DeliveryStatus? {
        guard let row = try await db.query(statusStatement, [.uuid(delivery)]).first else { return nil }
        return try row.known(0, .deliveryStatus)
    }

    /// Returns deliveries that were not attempted; they are due again in `waitSeconds`.
    public static func putBack(
        _ db: any Querying, deliveries: [Identifier], incarnation: Identifier, waitSeconds: Double
    ) async throws(DatabaseError) {
        _ = try await db.query(
            putBackStatement, [.uuidArray(deliveries), .double(waitSeconds), .uuid(incarnation)])
    }
}
