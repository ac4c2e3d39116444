// Finds one job by its id, for results, download and cancel.

public enum FindJob {
    private static let statement = Statement(
        "find_job", "SELECT \(JobView.columns) FROM batch_jobs WHERE id = $1")

    public static func run(_ db: any Querying, job: Identifier) async throws(DatabaseError) -> JobView? {
        guard let row = try await db.query(statement, [.uuid(job)]).first else { return nil }
        return try JobView(row)
    }
}
