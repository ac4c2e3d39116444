// Loads a job's row for its runner.

public enum LoadJob {
    static let columns = """
        id, status, current_stage, languages, total_lots, processed_lots, failed_lots, created_at, lease_epoch,
        cleanup_pending, clock_timestamp(), request_id
        """
    private static let statement = Statement("load_job", "SELECT \(columns) FROM batch_jobs WHERE id = $1")

    /// - Throws: `DatabaseError`; `unknownText` for a row that a newer version wrote.
    public static func run(_ db: any Querying, job: Identifier) async throws(DatabaseError) -> JobRecord? {
        guard let row = try await db.query(statement, [.uuid(job)]).first else { return nil }
        return try record(row)
    }

    static func record(_ row: Row) throws(DatabaseError) -> JobRecord {
        // `createdAt` is in this machine's time, so a wrong clock of the database does not matter.
        let ahead = Timestamp.now() - row.timestamp(10)
        return JobRecord(
            id: row.uuid(0), status: try row.known(1, .jobStatus), stage: try row.known(2, .jobStage),
            languages: row.textArray(3), totalLots: row.int(4),
            processedLots: row.int(5), failedLots: row.int(6), createdAt: row.timestamp(7) + ahead, epoch: row.int(8),
            cleanupPending: row.bool(9), requestID: row.optionalText(11))
    }
}
