// The longest time that an account of the provider has taken until it showed a new batch.

public enum ProviderAccounts {
    /// Days for which a slow creation counts.
    private static let keptDays = 30

    private static let statement = Statement(
        "account_was_slow",
        """
        INSERT INTO openai_accounts AS a (account, slowest_seconds) VALUES ($1, $2)
        ON CONFLICT (account) DO UPDATE SET seen_at = now(), slowest_seconds =
            CASE WHEN a.seen_at < now() - make_interval(days => \(keptDays)) THEN excluded.slowest_seconds
                ELSE greatest(a.slowest_seconds, excluded.slowest_seconds) END
        """)

    /// Records that a batch was seen `seconds` after the request for it. A longer time is forgotten after 30 days.
    public static func wasSlow(
        _ db: any Querying, account: String, seconds: Double
    ) async throws(DatabaseError) {
        _ = try await db.query(statement, [.text(account), .double(seconds)])
    }
}
