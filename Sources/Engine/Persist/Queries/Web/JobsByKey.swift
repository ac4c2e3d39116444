// A page of jobs for people, newest first, paged by key: its cost does not depend on its age.

/// Start of a page: after this job.
public struct JobKey: Equatable, Sendable {
    public var createdAt: Timestamp
    public var id: Identifier

    public init(createdAt: Timestamp, id: Identifier) {
        self.createdAt = createdAt
        self.id = id
    }
}

public enum JobsByKey {
    /// The first bound on the time is the index condition.
    private static let statement = Statement(
        "jobs_by_key",
        """
        SELECT \(JobView.columns) FROM batch_jobs
        WHERE ($1::text IS NULL OR status = $1)
            AND ($2::timestamptz IS NULL OR created_at <= $2 AND (created_at < $2 OR id > $3))
        ORDER BY created_at DESC, id LIMIT $4
        """)

    public static func page(
        _ db: any Querying, status: JobStatus?, after: JobKey?, limit: Int
    ) async throws(DatabaseError) -> [JobView] {
        try await db.query(
            statement,
            [
                .text(status?.rawValue), .timestamp(after?.createdAt),
                .uuid(after?.id ?? Identifier(high: 0, low: 0)), .int8(limit),
            ]
        ).compactMap { try? JobView($0) }
    }
}
