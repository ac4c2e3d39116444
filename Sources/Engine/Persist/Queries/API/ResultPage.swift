// Finished lots of a job in pages by key: a slow reader holds neither a snapshot nor a connection. Two statements, so
// that usual lots cost no more than reading them and large ones do not make a page large.

/// Finished lots in a row. Their bytes stay where libpq has put them until the page is let go of. Loop-bound.
public struct FinishedPage {
    private let rows: Rows
    public let count: Int

    /// Lots too large for the page have no payload; what comes after the first of them is not of this page.
    init(_ rows: Rows) {
        self.rows = rows
        count = rows.firstIndex { $0.isNull(1) } ?? rows.count
    }

    public static var empty: FinishedPage { FinishedPage(Rows(nil)) }

    /// Lots that were asked for are not in it.
    public var isCut: Bool { count < rows.count }
    /// The position of the last one; nil if there is none.
    public var last: Int? { count > 0 ? rows[count - 1].int(0) : nil }
    /// Bytes of all payloads.
    public var bytes: Int { rows.prefix(count).reduce(0) { $0 + $1.length(1) } }

    /// Shows each lot: its JSON as stored, valid inside `body` only, and when it was finished.
    public func forEach(_ body: (_ payload: UnsafeRawBufferPointer, _ finished: Timestamp) -> Void) {
        for row in rows.prefix(count) { row.withBytes(1) { body($0, row.timestamp(2)) } }
    }
}

public enum ResultPage {
    /// Lots of a page at most: positions have no gaps, so it is known where each page ends before it is read.
    public static let lots = 200
    /// Larger lots are left to pages of their own kind, bytes. So no page holds more than 1.6 MB, or one lot.
    public static let lotBytes = 8 * 1024
    /// A page of large lots ends with the one that reaches this.
    public static let largeBytes = 512 * 1024

    /// `octet_length` looks at a value's header only, so large ones are not even read.
    private static let statement = Statement(
        "result_page",
        """
        SELECT position, CASE WHEN octet_length(payload) <= \(lotBytes) THEN payload END, created_at FROM lot_results
        WHERE job_id = $1 AND stage = 'final' AND position > $2 AND position <= $3 ORDER BY position
        """)
    private static let largeStatement = Statement(
        "large_result_page",
        """
        SELECT position, CASE WHEN before IS NULL OR before < $4 THEN payload END, created_at FROM (
            SELECT position, payload, created_at, sum(octet_length(payload))
                OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM lot_results WHERE job_id = $1 AND stage = 'final' AND position > $2 AND position <= $3) AS page
        ORDER BY position
        """)

    /// The lots from the one after `after` through `through`, ``lots`` at most; cut before the first large one.
    public static func run(
        _ db: any Querying, job: Identifier, after: Int, through: Int
    ) async throws(DatabaseError) -> FinishedPage {
        FinishedPage(try await db.query(statement, [.uuid(job), .int4(after), .int4(min(through, after + lots))]))
    }

    /// The same however large they are; cut after the one that reaches `bytes`. One at least, if there is one.
    public static func large(
        _ db: any Querying, job: Identifier, after: Int, through: Int, bytes: Int = largeBytes
    ) async throws(DatabaseError) -> FinishedPage {
        FinishedPage(
            try await db.query(
                largeStatement, [.uuid(job), .int4(after), .int4(min(through, after + lots)), .int8(bytes)]))
    }
}
