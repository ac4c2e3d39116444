// Finished lots of a job, paged by key: a slow reader holds neither a snapshot nor a connection. There are two
// statements, so that usual lots cost a single read and large lots do not make a page large.

/// Consecutive finished lots. libpq's memory holds their bytes until the page is released. Loop-bound.
public struct FinishedPage {
    private let rows: Rows
    public let count: Int

    /// A lot too large for the page has no payload; the page ends before the first one.
    init(_ rows: Rows) {
        self.rows = rows
        count = rows.firstIndex { $0.isNull(1) } ?? rows.count
    }

    public static var empty: FinishedPage { FinishedPage(Rows(nil)) }

    /// True if the page ends before the last requested lot.
    public var isCut: Bool { count < rows.count }
    /// Position of the last lot; nil for an empty page.
    public var last: Int? { count > 0 ? rows[count - 1].int(0) : nil }
    /// Sum of all payloads, bytes.
    public var bytes: Int { rows.prefix(count).reduce(0) { $0 + $1.length(1) } }

    /// Passes each lot's stored JSON, which is valid inside `body` only, and the time when the lot was finished.
    public func forEach(_ body: (_ payload: UnsafeRawBufferPointer, _ finished: Timestamp) -> Void) {
        for row in rows.prefix(count) { row.withBytes(1) { body($0, row.timestamp(2)) } }
    }
}

public enum ResultPage {
    /// Most lots per page. Positions have no gaps, so a page's end is known before it is read.
    public static let lots = 200
    /// Largest lot of a usual page, bytes; larger ones go to separate pages. So a
    /// page holds at most 1.6 MB, or one lot.
    public static let lotBytes = 8 * 1024
    /// A page of large lots ends with the lot that reaches this size.
    public static let largeBytes = 512 * 1024

    /// `octet_length` reads only a value's header, so large values are not fetched.
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

    /// Returns the lots after `after` through `through`, at most ``lots``; ends before the first large one.
    public static func run(
        _ db: any Querying, job: Identifier, after: Int, through: Int
    ) async throws(DatabaseError) -> FinishedPage {
        FinishedPage(try await db.query(statement, [.uuid(job), .int4(after), .int4(min(through, after + lots))]))
    }

    /// Returns lots of any size; ends after the one that reaches `bytes`. Returns at least one lot if there is one.
    public static func large(
        _ db: any Querying, job: Identifier, after: Int, through: Int, bytes: Int = largeBytes
    ) async throws(DatabaseError) -> FinishedPage {
        FinishedPage(
            try await db.query(
                largeStatement, [.uuid(job), .int4(after), .int4(min(through, after + lots)), .int8(bytes)]))
    }
}
