// Keys under which a caller may repeat a request (C2.7). A claim is committed before the work begins, so that two equal
// requests at the same moment, on whatever instances, give one job; the reply is stored in the transaction that makes
// the job, so that a crash cannot part them.

/// A right to work on a request, lost when it expires or when its instance dies.
public struct KeyClaim: Sendable {
    public let key: String
    public let id: Identifier

    public init(key: String) {
        self.key = key
        id = .random()
    }
}

public enum IdempotencyKeys {
    /// A key means the same request for so long from its first use, seconds (C2.7).
    public static let keptSeconds = 24.0 * 3600
    /// A claim that was neither completed nor released is void after so long, seconds: more than any request takes.
    public static let claimSeconds = Limits.synchronousSeconds + 30
    /// Rows that one statement removes.
    public static let rowsMax = 1000

    public enum Verdict: Sendable {
        /// The caller works on the request, and completes or releases the claim.
        case claimed
        /// Somebody else works on it.
        case running
        /// The reply of the first time.
        case completed(status: Int, reply: [UInt8])
        /// The key belongs to another body.
        case reused
    }

    /// Taken over: a key whose time is over, and a claim whose holder is gone. An instance without a row of heartbeats
    /// counts as alive, as one has none in its first moments.
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

    /// Claims a key, or says why it cannot be claimed. Outside of a transaction: others must see the claim at once.
    /// - Parameters:
    ///   - fingerprints: of the body, under each key in force; the first is stored.
    ///   - silentSeconds: an instance without a heartbeat for longer is dead.
    public static func claim(
        _ db: Database, _ claim: KeyClaim, fingerprints: [[UInt8]], instance: String, incarnation: Identifier,
        silentSeconds: Double
    ) async throws(DatabaseError) -> Verdict {
        let values: [PGValue] = [
            .text(claim.key), .bytes(fingerprints.first), .uuid(claim.id), .text(instance), .uuid(incarnation),
            .double(keptSeconds), .double(claimSeconds), .double(silentSeconds),
        ]
        if try await db.query(claimStatement, values).affected > 0 { return .claimed }
        // Released in between: the next try may well succeed, and the caller is told to come back for it.
        guard let row = try await db.query(findStatement, [.text(claim.key)]).first else { return .running }
        guard fingerprints.contains(row.bytes(0)) else { return .reused }
        guard let status = row.optionalInt(1) else { return .running }
        return .completed(status: status, reply: row.bytes(2))
    }

    /// Stores the reply; in the transaction that makes what it tells of, if there is one.
    /// - Returns: false if the claim was lost: then nothing may come of the work.
    public static func complete(
        _ db: any Querying, _ claim: KeyClaim, status: Int, reply: [UInt8]
    ) async throws(DatabaseError) -> Bool {
        let values: [PGValue] = [.text(claim.key), .uuid(claim.id), .int4(status), .utf8(reply)]
        return try await db.query(completeStatement, values).affected > 0
    }

    /// Lets the key be used anew; a completed one stays.
    public static func release(_ db: any Querying, _ claim: KeyClaim) async throws(DatabaseError) {
        _ = try await db.query(releaseStatement, [.text(claim.key), .uuid(claim.id)])
    }

    /// Removes some keys whose time is over.
    /// - Returns: how many; ``rowsMax`` at most.
    public static func prune(_ db: any Querying) async throws(DatabaseError) -> Int {
        try await db.query(pruneStatement, [.double(keptSeconds), .int8(rowsMax)]).affected
    }
}
