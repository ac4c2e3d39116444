// A job's row for its runner.

public enum LoadJob {
    static let columns = """
        id, status, current_stage, languages, total_lots, processed_lots, failed_lots, created_at, lease_epoch,
        cleanup_pending, clock_timestamp(), request_id
        """
    private static let statement = Statement("load_job", "SELECT \(columns) FROM batch_jobs WHERE id = $1")

    public static func run(_ db: any Querying, job: Identifier) async throws(DatabaseError) -> JobRecord? {
        try await db.query(statement, [.uuid(job)]).first.map(record)
    }

    static func record(_ row: Row) -> JobRecord {
        // `createdAt` is told in this machine's time, however the database's clock goes.
        let ahead = Timestamp.now() - row.timestamp(10)
        // The columns' checks allow no other values.
        return JobRecord(
            id: row.uuid(0), status: JobStatus(rawValue: row.text(1)) ?? .failed,
            stage: JobStage(rawValue: row.text(2)) ?? .done, languages: row.textArray(3), totalLots: row.int(4),
            processedLots: row.int(5), failedLots: row.int(6), createdAt: row.timestamp(7) + ahead, epoch: row.int(8),
            cleanupPending: row.bool(9), requestID: row.optionalText(11))
    }
}
