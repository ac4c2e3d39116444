// A page of jobs, newest first (C5.7). An absent filter is NULL; PostgreSQL's custom plans drop its condition.

public struct JobFilter: Sendable {
    public var status: JobStatus?
    /// Inclusive, a whole second.
    public var createdFrom: Timestamp?
    /// Exclusive, a whole second.
    public var createdBefore: Timestamp?

    /// Takes the inclusive bounds of the request. `created_at` is shown truncated to whole seconds and compared in
    /// that form. So a lower bound within a second moves to the next second, and
    /// an upper bound to the end of its second.
    public init(status: JobStatus?, createdAfter: Timestamp?, createdBefore: Timestamp?) {
        self.status = status
        createdFrom = createdAfter.map(\.roundedUpToSecond)
        self.createdBefore = createdBefore.map { $0.floorToSecond + 1 }
    }
}

public enum ListJobs {
    private static let condition = """
        ($1::text IS NULL OR status = $1) AND ($2::timestamptz IS NULL OR created_at >= $2)
            AND ($3::timestamptz IS NULL OR created_at < $3)
        """
    private static let pageStatement = Statement(
        "list_jobs",
        """
        SELECT \(JobView.columns) FROM batch_jobs WHERE \(condition)
        ORDER BY created_at DESC, id LIMIT $4 OFFSET $5
        """)
    private static let countStatement = Statement(
        "count_jobs", "SELECT count(*) FROM batch_jobs WHERE \(condition)")

    public static func page(
        _ db: any Querying, filter: JobFilter, limit: Int, offset: Int
    ) async throws(DatabaseError) -> [JobView] {
        try await db.query(pageStatement, values(filter) + [.int8(limit), .int8(offset)]).compactMap {
            try? JobView($0)
        }
    }

    public static func count(_ db: any Querying, filter: JobFilter) async throws(DatabaseError) -> Int {
        try await db.query(countStatement, values(filter)).first?.int(0) ?? 0
    }

    private static func values(_ filter: JobFilter) -> [PGValue] {
        [.text(filter.status?.rawValue), .timestamp(filter.createdFrom), .timestamp(filter.createdBefore)]
    }
}
