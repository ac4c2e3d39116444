// Takes deliveries that are due. The claim lapses by itself (`next_attempt_at` moves on), and at once when its holder's
// incarnation is not alive any more: a crash may repeat an attempt, never lose one (C6.2).

public enum ClaimDeliveries {
    /// Our own claims are alive, whatever became of our heartbeat.
    private static let isDue = """
        d.status = 'pending' AND (d.next_attempt_at <= now() OR (d.claimed_by IS NOT NULL AND d.claimed_by <> $1
            AND NOT EXISTS (SELECT 1 FROM instances i
                WHERE i.incarnation = d.claimed_by AND i.heartbeat_at > now() - make_interval(secs => $3))))
        """
    /// Of those that are due longest, as many as their receivers and jobs have room for. What is full is passed over,
    /// so that it does not stand before the others.
    private static let statement = Statement(
        "claim_deliveries",
        """
        WITH due AS (
            SELECT d.id, d.receiver, d.batch_job_id, d.next_attempt_at FROM webhook_deliveries d
            WHERE \(isDue) AND d.receiver <> ALL ($5::text[]) AND d.batch_job_id <> ALL ($6::uuid[])
            ORDER BY d.next_attempt_at LIMIT $4 * 4),
        placed AS (
            SELECT due.id, due.next_attempt_at,
                row_number() OVER (PARTITION BY due.receiver ORDER BY due.next_attempt_at, due.id)
                    + coalesce(r.running, 0) AS at_receiver,
                row_number() OVER (PARTITION BY due.batch_job_id ORDER BY due.next_attempt_at, due.id)
                    + coalesce(j.running, 0) AS of_job
            FROM due LEFT JOIN unnest($7::text[], $8::int[]) AS r (receiver, running) ON r.receiver = due.receiver
                LEFT JOIN unnest($9::uuid[], $10::int[]) AS j (id, running) ON j.id = due.batch_job_id)
        UPDATE webhook_deliveries SET claimed_by = $1, next_attempt_at = now() + make_interval(secs => $2)
        WHERE id IN (
            SELECT d.id FROM webhook_deliveries d JOIN placed ON placed.id = d.id
            WHERE \(isDue) AND placed.at_receiver <= $11 AND placed.of_job <= $12
            ORDER BY placed.next_attempt_at LIMIT $4
            FOR UPDATE OF d SKIP LOCKED)
        RETURNING id, batch_job_id, webhook_url, receiver, event, attempt_count, attempts_before
        """)
    private static let dueStatement = Statement(
        "next_delivery",
        """
        SELECT extract(epoch FROM min(d.next_attempt_at) - now())::float8 FROM webhook_deliveries d
        WHERE d.status = 'pending' AND d.claimed_by IS NULL AND d.receiver <> ALL ($1::text[])
            AND d.batch_job_id <> ALL ($2::uuid[])
        """)

    /// - Parameters:
    ///   - holdSeconds: longer than an attempt can take.
    ///   - silentSeconds: a claimer without a heartbeat for longer is dead.
    public static func run(
        _ db: any Querying, incarnation: Identifier, holdSeconds: Double, silentSeconds: Double, limit: Int,
        load: DeliveryLoad
    ) async throws(DatabaseError) -> [DeliveryRecord] {
        try await db.query(
            statement,
            [
                .uuid(incarnation), .double(holdSeconds), .double(silentSeconds), .int8(limit),
                .textArray(load.fullReceivers), .uuidArray(load.fullJobs),
                .textArray(Array(load.receivers.keys)), .int4Array(Array(load.receivers.values)),
                .uuidArray(Array(load.jobs.keys)), .int4Array(Array(load.jobs.values)),
                .int8(load.perReceiverMax), .int8(load.perJobMax),
            ]
        ).map {
            DeliveryRecord(
                id: $0.uuid(0), job: $0.uuid(1), url: $0.text(2), receiver: $0.text(3), event: $0.text(4),
                attempts: $0.int(5), attemptsBefore: $0.int(6))
        }
    }

    /// Seconds until the next delivery that nobody holds is due and has room; nil if there is none.
    public static func secondsToNext(
        _ db: any Querying, load: DeliveryLoad
    ) async throws(DatabaseError) -> Double? {
        try await db.query(dueStatement, [.textArray(load.fullReceivers), .uuidArray(load.fullJobs)])
            .first?.optionalDouble(0)
    }
}
