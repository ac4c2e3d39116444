// The job's end: with all lots done, or at its deadline with what it has. Loop-bound.
import Logging

extension JobRunner {
    /// Ends the job; the webhook deliveries are made in the same transaction (outbox).
    /// - Parameters:
    ///   - reason: why lots that have no end yet fail.
    ///   - cleanup: something of it is left outside.
    func finish(_ old: JobRecord, ofOpenLots reason: String, cleanup: Bool = false) async throws {
        try await failOpenLots(old, because: reason)
        try await commit { session in
            guard let job = try await LoadJob.run(session, job: old.id) else { throw LeaseLost(job: old.id) }
            let status: JobStatus = job.failedLots == job.totalLots ? .failed : .completed
            let message = status == .failed ? try await self.failureMessage(job, session) : nil
            try await JobProgress.end(session, job: job.id, status: status, errorMessage: message, cleanup: cleanup)
            try await InsertDeliveries.run(session, job: job.id, status: status)
            try await JobProgress.event(
                session, job: job.id, status.rawValue, instance: self.context.configuration.instance,
                detail: "\(job.processedLots) lots, \(job.failedLots) failed")
            self.log.info("Background worker: job \(status.rawValue)", metadata: ["failed": "\(job.failedLots)"])
            CrashPoint.endCommitting.pass()
        }
        CrashPoint.endCommitted.pass()
    }

    private func failureMessage(_ job: JobRecord, _ session: DatabaseSession) async throws -> String {
        let first = try await LotInputs.firstFailed(session, job: job.id)
        let reason = first.flatMap { try? JSONValue.parse(Array($0.utf8)) }?["error"]?.string ?? "unknown reason"
        return job.totalLots == 1 ? reason : "All \(job.totalLots) lots failed; the first one: \(reason)"
    }

    /// The job's time is over (`DEADLINE_HOURS`). A batch that has ended meanwhile is still collected: after a long
    /// standstill its answers may have been there for days.
    func expire(_ job: JobRecord, _ batches: [ProviderBatch]) async throws {
        var isThereMore = false
        for batch in batches where batch.state == .submitted {
            guard let id = batch.batchID, let answer = try? await context.openAI.batch(id) else { continue }
            guard answer.status.isEnded, answer.failure == nil else { continue }
            try await polled(batch, answer)
            isThereMore = true
        }
        if isThereMore { return }
        let time = DurationText.of(seconds: context.configuration.deadline.seconds)
        log.warning("Background worker: job's time is over", metadata: ["time": "\(time)"])
        let isOpen = batches.contains { $0.state != .collected && $0.state != .abandoned }
        try await finish(job, ofOpenLots: "The lot was not finished within the job's time, \(time)", cleanup: isOpen)
    }
}
