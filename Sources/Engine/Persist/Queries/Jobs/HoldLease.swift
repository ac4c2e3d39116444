// The fence: the first statement of every transaction that writes a job's state. It locks the job's row, so a cancel is
// committed either before this transaction or after it.

/// Which job a runner may write, and with which epoch.
public struct JobLease: Sendable, Equatable {
    public let job: Identifier
    public let epoch: Int

    public init(job: Identifier, epoch: Int) {
        self.job = job
        self.epoch = epoch
    }
}

public enum HoldLease {
    private static let statement = Statement(
        "hold_lease",
        """
        SELECT status IN (\(KnownTexts.openJobs)) FROM batch_jobs
        WHERE id = $1 AND lease_epoch = $2 FOR UPDATE
        """)

    /// - Parameter ended: allows a write to a job that has ended, for its clean-up.
    /// - Throws: `LeaseLost` if the job has a newer epoch or has ended; `DatabaseError`.
    public static func run(_ db: any Querying, _ lease: JobLease, ended: Bool = false) async throws {
        let rows = try await db.query(statement, [.uuid(lease.job), .int8(lease.epoch)])
        guard let row = rows.first, row.bool(0) || ended else { throw LeaseLost(job: lease.job) }
    }
}
