// Takes deliveries that are due. The claim lapses by itself (`next_attempt_at` moves on), and at once when its holder's
// incarnation is not alive any more: a crash may repeat an attempt, never lose one (C6.2).

/// A delivery to be attempted.
public struct DeliveryRecord: Sendable {
    public let id: Identifier
    public let job: Identifier
    public let url: String
    public let event: String
    /// Attempts that have ended.
    public let attempts: Int
}

public enum ClaimDeliveries {
    /// As `WebhookHost` cuts it out.
    private static let host = "coalesce(lower(substring(d.webhook_url from '://([^/?#]*)')), d.webhook_url)"
    private static let statement = Statement(
        "claim_deliveries",
        """
        UPDATE webhook_deliveries SET claimed_by = $1, next_attempt_at = now() + make_interval(secs => $2)
        WHERE id IN (
            SELECT d.id FROM webhook_deliveries d
            WHERE d.status = 'pending' AND \(host) <> ALL ($5::text[])
              AND (d.next_attempt_at <= now() OR (d.claimed_by IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM instances i
                WHERE i.incarnation = d.claimed_by AND i.heartbeat_at > now() - make_interval(secs => $3))))
            ORDER BY d.next_attempt_at LIMIT $4
            FOR UPDATE OF d SKIP LOCKED)
        RETURNING id, batch_job_id, webhook_url, event, attempt_count
        """)
    private static let dueStatement = Statement(
        "next_delivery",
        """
        SELECT extract(epoch FROM min(d.next_attempt_at) - now())::float8 FROM webhook_deliveries d
        WHERE d.status = 'pending' AND d.claimed_by IS NULL AND \(host) <> ALL ($1::text[])
        """)

    /// - Parameters:
    ///   - holdSeconds: longer than an attempt can take.
    ///   - silentSeconds: a claimer without a heartbeat for longer is dead.
    ///   - busyHosts: receivers whose deliveries are left alone, so that they do not stand before the others'.
    public static func run(
        _ db: any Querying, incarnation: Identifier, holdSeconds: Double, silentSeconds: Double, limit: Int,
        busyHosts: [String]
    ) async throws(DatabaseError) -> [DeliveryRecord] {
        try await db.query(
            statement,
            [
                .uuid(incarnation), .double(holdSeconds), .double(silentSeconds), .int8(limit), .textArray(busyHosts),
            ]
        ).map {
            DeliveryRecord(
                id: $0.uuid(0), job: $0.uuid(1), url: $0.text(2), event: $0.text(3), attempts: $0.int(4))
        }
    }

    /// Seconds until the next delivery that nobody holds is due; nil if there is none.
    public static func secondsToNext(
        _ db: any Querying, busyHosts: [String]
    ) async throws(DatabaseError) -> Double? {
        try await db.query(dueStatement, [.textArray(busyHosts)]).first?.optionalDouble(0)
    }
}
