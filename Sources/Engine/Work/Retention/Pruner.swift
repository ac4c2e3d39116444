// Removes jobs that ended long ago (C5.8) and expired keys (C2.7). One per instance;
// several instances share the work. Loop-bound.
import Logging

public final class Pruner: BackgroundService {
    /// Interval of searches for old jobs, seconds.
    static let everySeconds = 600.0
    /// Pause between two steps, seconds, to leave the database to other work.
    static let pauseSeconds = 0.05

    private let loop: Loop
    private let database: Database
    private let keepSeconds: Double
    private let log = Logger(label: "retention")
    private var task: Task<Void, Never>?

    /// - Parameter keepSeconds: time for which ended jobs are kept (`RETENTION_DAYS`).
    public init(on loop: Loop, database: Database, keepSeconds: Double) {
        self.loop = loop
        self.database = database
        self.keepSeconds = keepSeconds
    }

    public func start() {
        task = loop.spawn { [weak self] in
            while let self, !Task.isCancelled {
                do { _ = try await self.runOnce() } catch {
                    if Task.isCancelled { return }
                    self.log.warning("retention: old jobs could not be removed", metadata: ["error": "\(error)"])
                }
                do { try await self.loop.sleep(seconds: Self.everySeconds) } catch { return }
            }
        }
    }

    public func stop() async {
        task?.cancel()
        await task?.value
    }

    /// Removes all jobs and keys that are due.
    /// - Returns: the number of removed jobs.
    public func runOnce() async throws -> Int {
        var jobs = 0
        while true {
            let retired = try await database.transaction {
                let retired = try await PruneJobs.retire($0, afterSeconds: keepSeconds)
                if retired > 0 { CrashPoint.retireCommitting.pass() }
                return retired
            }
            if retired > 0 { CrashPoint.retireCommitted.pass() }
            jobs += retired
            while try await sweep() {
                CrashPoint.pruneCommitted.pass()
                try await loop.sleep(seconds: Self.pauseSeconds)
            }
            if retired == 0 { break }
        }
        while try await IdempotencyKeys.prune(database) == IdempotencyKeys.rowsMax {
            try await loop.sleep(seconds: Self.pauseSeconds)
        }
        CrashPoint.keysPruned.pass()
        try await Instances.forgetOld(database)
        CrashPoint.instancesForgotten.pass()
        if jobs > 0 { log.info("retention: old jobs removed", metadata: ["jobs": "\(jobs)"]) }
        return jobs
    }

    /// Deletes some rows of removed jobs. Returns false if there were none.
    private func sweep() async throws -> Bool {
        try await database.transaction { session in
            let isThereMore = try await PruneJobs.sweep(session)
            if isThereMore { CrashPoint.pruneCommitting.pass() }
            return isThereMore
        }
    }
}
