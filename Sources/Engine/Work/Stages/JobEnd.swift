// The job's end: after all lots have ended, or at its deadline with the results so far. Loop-bound.
import Logging

extension LeasedJob {
    /// Ends the job and makes the webhook deliveries in the same transaction (outbox).
    /// - Parameter reason: the error of lots that have no end yet.
    func finish(_ old: JobRecord, ofOpenLots reason: String) async throws {
        try await failOpenLots(old, because: reason)
        try await commit(.end) { session in
            guard let job = try await LoadJob.run(session, job: old.id) else { throw LeaseLost(job: old.id) }
            let status: JobStatus = job.failedLots == job.totalLots ? .failed : .completed
            let message = status == .failed ? try await failureMessage(job, session) : nil
            try await JobProgress.end(session, job: job.id, status: status, errorMessage: message)
            try await InsertDeliveries.run(session, job: job.id, status: status)
            try await note(status.rawValue, detail: "\(job.processedLots) lots, \(job.failedLots) failed", session)
            log.info("Background worker: job \(status.rawValue)", metadata: ["failed": "\(job.failedLots)"])
        }
    }

    /// Fails every lot that has no end yet, because the job cannot go on.
    func failOpenLots(_ job: JobRecord, because reason: String) async throws {
        for window in job.windows(of: 1000) {
            let open = try await read { try await LotInputs.open($0, job: job.id, positions: window) }
            if open.isEmpty { continue }
            try await commit(.failures) { session in
                try await end(open.map { LotEnd(position: $0, error: reason) }, of: job, session)
            }
        }
    }

    private func failureMessage(_ job: JobRecord, _ session: DatabaseSession) async throws -> String {
        let first = try await LotInputs.firstFailed(session, job: job.id)
        let reason = first.flatMap { try? JSONValue.parse(Array($0.utf8)) }?["error"]?.string ?? "unknown reason"
        return job.totalLots == 1 ? reason : "All \(job.totalLots) lots failed; the first one: \(reason)"
    }

    /// Ends a job whose time is over (`DEADLINE_HOURS`) and whose batches have no answers to collect.
    func expire(_ job: JobRecord) async throws {
        let time = DurationText.of(seconds: context.configuration.deadline.seconds)
        log.warning("Background worker: job's time is over", metadata: ["time": "\(time)"])
        try await finish(job, ofOpenLots: "The lot was not finished within the job's time, \(time)")
    }
}

extension JobRecord {
    /// Returns the positions of the job's lots in windows of `size`.
    func windows(of size: Int) -> [Range<Int>] {
        stride(from: 0, to: totalLots, by: size).map { $0..<min($0 + size, totalLots) }
    }
}
