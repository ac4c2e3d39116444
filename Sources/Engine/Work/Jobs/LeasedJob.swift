// One job under one lease: acts and stages read and write the database through it. Every write of the job's state goes
// through `commit`, which the lease fences. Loop-bound.
import Logging

struct LeasedJob {
    let context: JobContext
    let lease: JobLease

    var id: Identifier { lease.job }

    var log: Logger {
        var log = context.log
        log[metadataKey: "job"] = "\(lease.job)"
        return log
    }

    /// Writes under the lease; if the lease is lost, nothing is written.
    /// - Parameters:
    ///   - name: name of the crash points on both sides of the COMMIT.
    ///   - ended: allows writes of clean-up state to an ended job.
    /// - Throws: `LeaseLost`, `DatabaseError`, and errors of `body`.
    @discardableResult
    func commit<Value>(
        _ name: Commit, ended: Bool = false, _ body: (DatabaseSession) async throws -> Value
    ) async throws -> Value {
        let value = try await transaction(ended: ended) { session in
            let value = try await body(session)
            name.isAboutToCommit()
            return value
        }
        name.hasCommitted()
        return value
    }

    /// Like ``commit(_:ended:_:)``, without crash points: the writer of verdicts knows the name only after `body`.
    func transaction<Value>(ended: Bool, _ body: (DatabaseSession) async throws -> Value) async throws -> Value {
        try await context.database.transaction { session in
            try await HoldLease.run(session, lease, ended: ended)
            return try await body(session)
        }
    }

    /// Reads many rows over an exclusive connection: on the shared ones, status polls would wait behind them.
    func read<Value>(_ body: (DatabaseSession) async throws -> Value) async throws -> Value {
        try await context.database.session(body)
    }

    /// Time after the job's end for which a paid answer still waits for the database, seconds.
    private static let overtimeSeconds = 60.0

    /// Writes results that were paid for; repeats while the database is away, full, read-only or in conflict, because
    /// a result that is dropped is paid for again. Gives up ``overtimeSeconds`` after the job's time.
    @discardableResult
    func surely<Value>(_ record: JobRecord, _ write: () async throws -> Value) async throws -> Value {
        var value: Value?
        let left = context.configuration.deadline.end(of: record) - Timestamp.now()
        let last = await context.database.insist(
            seconds: max(0, left) + Self.overtimeSeconds,
            goesOn: { error, failures in
                guard let error = error as? DatabaseError, error.isPassing, !Task.isCancelled else { return false }
                context.database.countWaitingAnswer()
                if failures == 1 {
                    log.warning(
                        "Background worker: an answer waits for the database", metadata: ["error": "\(error)"])
                }
                return true
            }, { value = try await write() })
        guard let value else { throw last ?? CancellationError() }
        return value
    }

    /// Adds one line to the job's audit trail. Within `commit`.
    func note(_ event: String, detail: String? = nil, _ session: DatabaseSession) async throws(DatabaseError) {
        try await JobProgress.event(session, job: id, event, instance: context.configuration.instance, detail: detail)
    }

    /// Adds a provider batch to the job. Within `commit`.
    @discardableResult
    func insertBatch(
        _ stage: WorkStage, round: Int, _ state: ProviderBatchState, model: String, _ lots: PlannedLots,
        _ session: DatabaseSession
    ) async throws(DatabaseError) -> ProviderBatch {
        let id = try await ProviderBatches.insert(
            session, job: id, stage: stage, round: round, state: state, model: model, account: context.account, lots)
        var batch = ProviderBatch(id: id, stage: stage, round: round, sequence: 0, state: state, model: model)
        batch.inlineImages = lots.inlineImages
        return batch
    }

    /// Whether the job has ended or was removed; nil if this is unknown.
    func hasEnded() async -> Bool? {
        do { return try await LoadJob.run(context.database, job: id)?.status.isOpen != true } catch { return nil }
    }
}
