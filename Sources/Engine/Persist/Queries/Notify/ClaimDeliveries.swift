// Claims deliveries that are due. A claim lapses by itself (`next_attempt_at` moves on), and at once when its
// holder's incarnation is dead: a crash may repeat an attempt, but never lose one (C6.2).

public enum ClaimDeliveries {
    /// The caller's own claims count as alive, whatever the state of its heartbeat.
    private static func isDue(_ incarnation: String, _ seconds: String) -> String {
        """
        d.status = 'pending' AND \(KnownTexts.deliveryIsReadable) AND (d.next_attempt_at <= now()
            OR (d.claimed_by IS NOT NULL AND d.claimed_by <> \(incarnation) AND NOT EXISTS (
                SELECT 1 FROM instances i WHERE i.incarnation = d.claimed_by
                    AND i.heartbeat_at > now() - make_interval(secs => \(seconds)))))
        """
    }
    /// Selects the deliveries that have been due longest, as many as their receivers and jobs have room for. Full
    /// receivers and jobs are skipped, so that they do not block the others.
    private static let dueStatement = Statement(
        "due_deliveries",
        """
        WITH due AS (
            SELECT d.id, d.receiver, d.batch_job_id, d.next_attempt_at FROM webhook_deliveries d
            WHERE \(isDue("$1", "$2")) AND d.receiver <> ALL ($4::text[]) AND d.batch_job_id <> ALL ($5::uuid[])
            ORDER BY d.next_attempt_at LIMIT $3 * 4),
        placed AS (
            SELECT due.id, due.next_attempt_at,
                row_number() OVER (PARTITION BY due.receiver ORDER BY due.next_attempt_at, due.id)
                    + coalesce(r.running, 0) AS at_receiver,
                row_number() OVER (PARTITION BY due.batch_job_id ORDER BY due.next_attempt_at, due.id)
                    + coalesce(j.running, 0) AS of_job
            FROM due LEFT JOIN unnest($6::text[], $7::int[]) AS r (receiver, running) ON r.receiver = due.receiver
                LEFT JOIN unnest($8::uuid[], $9::int[]) AS j (id, running) ON j.id = due.batch_job_id)
        SELECT id FROM placed WHERE at_receiver <= $10 AND of_job <= $11 ORDER BY next_attempt_at LIMIT $3
        """)
    private static let takeStatement = Statement(
        "take_deliveries",
        """
        UPDATE webhook_deliveries SET claimed_by = $1, next_attempt_at = now() + make_interval(secs => $3)
        WHERE id IN (
            SELECT d.id FROM webhook_deliveries d
            WHERE d.id = ANY ($4::uuid[]) AND (\(isDue("$1", "$2"))
                OR (d.id = ANY ($5::uuid[]) AND d.status = 'pending' AND d.claimed_by = $1))
            FOR UPDATE OF d SKIP LOCKED)
        RETURNING id, batch_job_id, webhook_url, receiver, event, attempt_count, attempts_before,
            (SELECT j.request_id FROM batch_jobs j WHERE j.id = batch_job_id)
        """)
    private static let nextStatement = Statement(
        "next_delivery",
        """
        SELECT extract(epoch FROM min(d.next_attempt_at) - now())::float8 FROM webhook_deliveries d
        WHERE d.status = 'pending' AND \(KnownTexts.deliveryIsReadable) AND d.claimed_by IS NULL
            AND d.receiver <> ALL ($1::text[]) AND d.batch_job_id <> ALL ($2::uuid[])
        """)

    /// Returns deliveries that are due and have room, at most `limit`.
    /// - Parameter silentSeconds: a claimer whose last heartbeat is older than this is dead.
    public static func due(
        _ db: any Querying, incarnation: Identifier, silentSeconds: Double, limit: Int, load: DeliveryLoad
    ) async throws(DatabaseError) -> [Identifier] {
        try await db.query(
            dueStatement,
            [
                .uuid(incarnation), .double(silentSeconds), .int8(limit), .textArray(load.fullReceivers),
                .uuidArray(load.fullJobs), .textArray(Array(load.receivers.keys)),
                .int4Array(Array(load.receivers.values)), .uuidArray(Array(load.jobs.keys)),
                .int4Array(Array(load.jobs.values)), .int8(load.perReceiverMax), .int8(load.perJobMax),
            ]
        ).map { $0.uuid(0) }
    }

    /// Claims those of `ids` that are still due.
    /// - Parameters:
    ///   - holdSeconds: longer than the longest attempt.
    ///   - doubtful: deliveries that this incarnation may hold already, because an earlier call got no reply.
    public static func take(
        _ db: any Querying, incarnation: Identifier, silentSeconds: Double, holdSeconds: Double,
        ids: Set<Identifier>, doubtful: Set<Identifier>
    ) async throws(DatabaseError) -> [DeliveryRecord] {
        try await db.query(
            takeStatement,
            [
                .uuid(incarnation), .double(silentSeconds), .double(holdSeconds), .uuidArray(Array(ids)),
                .uuidArray(Array(doubtful)),
            ]
        ).map {
            DeliveryRecord(
                id: $0.uuid(0), job: $0.uuid(1), url: $0.text(2), receiver: $0.text(3), event: $0.text(4),
                attempts: $0.int(5), attemptsBefore: $0.int(6), requestID: $0.optionalText(7))
        }
    }

    /// Seconds until the next unclaimed delivery with room is due; nil if there is none.
    public static func secondsToNext(
        _ db: any Querying, load: DeliveryLoad
    ) async throws(DatabaseError) -> Double? {
        try await db.query(nextStatement, [.textArray(load.fullReceivers), .uuidArray(load.fullJobs)])
            .first?.optionalDouble(0)
    }
}
