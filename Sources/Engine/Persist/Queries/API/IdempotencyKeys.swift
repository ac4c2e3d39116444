// Keys under which a caller may repeat a request (C2.7). A claim is committed before the work begins, so two equal
// requests at the same time, on any instances, create one job. The reply is stored in the transaction that creates
// the job, so a crash cannot separate them.

/// The right to work on a request; lost when it expires or its instance dies.
public struct KeyClaim: Sendable {
    public let key: String
    public let id: Identifier

    public init(key: String) {
        self.key = key
        id = .random()
    }
}

public enum IdempotencyKeys {
    /// Time for which a key means the same request, from its first use, seconds (C2.7).
    public static let keptSeconds = 24.0 * 3600
    /// Time after which an open claim is void, seconds: longer than any request takes.
    public static let claimSeconds = Limits.synchronousSeconds + 30
    /// Most rows that one statement removes.
    public static let rowsMax = 1000

    public enum ClaimOutcome: Sendable {
        /// The caller works on the request, then completes or releases the claim.
        case claimed
        /// Another caller works on the request.
        case running
        /// The reply to the first request.
        case completed(status: Int, reply: [UInt8])
        /// The key belongs to a different body.
        case reused
    }

    /// Takes over an expired key, and a claim whose holder is dead. An instance without a heartbeat row counts as
    /// alive, because a starting instance has none yet.
    private static let claimStatement = Statement(
        "claim_key",
        """
        INSERT INTO idempotency_keys AS k (key, fingerprint, claim, instance_id, incarnation)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, claim = excluded.claim,
            instance_id = excluded.instance_id, incarnation = excluded.incarnation, claimed_at = now(),
            completed_at = NULL, status = NULL, reply = NULL
        WHERE k.claimed_at < now() - make_interval(secs => $6)
            OR k.completed_at IS NULL AND (
                k.claimed_at < now() - make_interval(secs => $7)
                OR EXISTS (SELECT FROM instances i WHERE i.instance_id = k.instance_id
                    AND (i.incarnation <> k.incarnation OR i.heartbeat_at < now() - make_interval(secs => $8))))
        """)
    private static let findStatement = Statement(
        "find_key", "SELECT fingerprint, status, reply FROM idempotency_keys WHERE key = $1")
    private static let completeStatement = Statement(
        "complete_key",
        """
        UPDATE idempotency_keys SET completed_at = now(), status = $3, reply = $4
        WHERE key = $1 AND claim = $2 AND completed_at IS NULL
        """)
    private static let releaseStatement = Statement(
        "release_key", "DELETE FROM idempotency_keys WHERE key = $1 AND claim = $2 AND completed_at IS NULL")
    private static let pruneStatement = Statement(
        "prune_keys",
        """
        DELETE FROM idempotency_keys WHERE key IN (
            SELECT key FROM idempotency_keys WHERE claimed_at < now() - make_interval(secs => $1)
            ORDER BY claimed_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """)

    /// Claims a key, or returns why it cannot be claimed. Runs outside any transaction, so
    /// that other callers see the claim at once.
    /// - Parameters:
    ///   - fingerprints: of the body, one per key in force; the first is stored.
    ///   - silentSeconds: an instance whose last heartbeat is older than this is dead.
    public static func claim(
        _ db: Database, _ claim: KeyClaim, fingerprints: [[UInt8]], instance: String, incarnation: Identifier,
        silentSeconds: Double
    ) async throws(DatabaseError) -> ClaimOutcome {
        let values: [PGValue] = [
            .text(claim.key), .bytes(fingerprints.first), .uuid(claim.id), .text(instance), .uuid(incarnation),
            .double(keptSeconds), .double(claimSeconds), .double(silentSeconds),
        ]
        if try await db.query(claimStatement, values).affected > 0 { return .claimed }
        // The key was released in between. The caller is told to retry, which will probably succeed.
        guard let row = try await db.query(findStatement, [.text(claim.key)]).first else { return .running }
        guard fingerprints.contains(row.bytes(0)) else { return .reused }
        guard let status = row.optionalInt(1) else { return .running }
        return .completed(status: status, reply: row.bytes(2))
    }

    /// Stores the reply, in the transaction that creates the job if there is one.
    /// - Returns: false if the claim was lost; the work must then have no effect.
    public static func complete(
        _ db: any Querying, _ claim: KeyClaim, status: Int, reply: [UInt8]
    ) async throws(DatabaseError) -> Bool {
        let values: [PGValue] = [.text(claim.key), .uuid(claim.id), .int4(status), .utf8(reply)]
        return try await db.query(completeStatement, values).affected > 0
    }

    /// Releases a claim so that the key can be used again. A completed key stays.
    public static func release(_ db: any Querying, _ claim: KeyClaim) async throws(DatabaseError) {
        _ = try await db.query(releaseStatement, [.text(claim.key), .uuid(claim.id)])
    }

    /// Removes expired keys.
    /// - Returns: the number removed, at most ``rowsMax``.
    public static func prune(_ db: any Querying) async throws(DatabaseError) -> Int {
        try await db.query(pruneStatement, [.double(keptSeconds), .int8(rowsMax)]).affected
    }
}
