// Finished lots of a job in pages by key: a slow reader holds neither a snapshot nor a connection.

/// A finished lot: its JSON as stored, ready to send.
public struct FinishedRow {
    public var position: Int
    public var payload: [UInt8]
    public var createdAt: Timestamp
}

public enum ResultPage {
    public static let rows = 200

    private static let statement = Statement(
        "result_page",
        """
        SELECT position, payload, created_at FROM lot_results
        WHERE job_id = $1 AND stage = 'final' AND position > $2 ORDER BY position LIMIT \(rows)
        """)

    /// - Parameter after: the last position of the page before; -1 for the first one.
    public static func run(
        _ db: any Querying, job: Identifier, after: Int
    ) async throws(DatabaseError) -> [FinishedRow] {
        try await db.query(statement, [.uuid(job), .int4(after)]).map {
            FinishedRow(position: $0.int(0), payload: $0.bytes(1), createdAt: $0.timestamp(2))
        }
    }
}
