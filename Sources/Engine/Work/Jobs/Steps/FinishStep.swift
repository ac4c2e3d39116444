// The job's end, and the taking back of what is outside when it ended early. Loop-bound.
import Logging

extension JobRunner {
    /// Ends the job; the webhook deliveries are made in the same transaction (outbox).
    func finish(_ old: JobRecord) async throws {
        try await failOpenLots(old, because: "The lot was not processed")
        try await commit { session in
            guard let job = try await LoadJob.run(session, job: old.id) else { throw LeaseLost(job: old.id) }
            let status: JobStatus = job.failedLots == job.totalLots ? .failed : .completed
            let message = status == .failed ? try await self.failureMessage(job, session) : nil
            try await JobProgress.end(session, job: job.id, status: status, errorMessage: message, cleanup: false)
            try await InsertDeliveries.run(session, job: job.id, status: status)
            try await JobProgress.event(
                session, job: job.id, status.rawValue, instance: self.context.configuration.instance,
                detail: "\(job.processedLots) lots, \(job.failedLots) failed")
            self.log.info("Background worker: job \(status.rawValue)", metadata: ["failed": "\(job.failedLots)"])
        }
    }

    private func failureMessage(_ job: JobRecord, _ session: DatabaseSession) async throws -> String {
        let first = try await LotInputs.firstFailed(session, job: job.id)
        let reason = first.flatMap { try? JSONValue.parse(Array($0.utf8)) }?["error"]?.string ?? "unknown reason"
        return job.totalLots == 1 ? reason : "All \(job.totalLots) lots failed; the first one: \(reason)"
    }

    /// One that is not there any more counts as cancelled.
    private func cancel(_ batch: String) async throws(OpenAIError) {
        do throws(OpenAIError) { _ = try await context.openAI.cancelBatch(batch) } catch {
            guard case .api(404, _, _) = error.kind else { throw error }
        }
    }

    /// The job was cancelled: its batches are cancelled, its files deleted, and no further money is spent (C4.3).
    func cleanUp(_ shard: ShardRecord) async throws {
        do {
            switch shard.state {
            case .submitted:
                if let batch = shard.batchID { try await cancel(batch) }
            case .creating:
                let found = try await batches(of: shard)
                for batch in found { try await cancel(batch.id) }
                let age = Timestamp.now() - (shard.intentAt ?? Timestamp(microseconds: 0))
                let left =
                    isHidden(shard)
                    ? context.configuration.backoffMaxSeconds : context.configuration.settleSeconds - age
                if found.isEmpty, left > 0 {
                    return try await commit(ended: true) {
                        try await ShardTransitions.delay($0, shard: shard.id, error: nil, wait: left)
                    }
                }
            case .uploading:
                for file in try await uploads(of: shard) { try await context.openAI.deleteFile(file.id) }
            case .uploaded:
                if let file = shard.inputFileID { try await context.openAI.deleteFile(file) }
            case .canary, .planned, .ended, .collected, .abandoned: break
            }
        } catch let error as OpenAIError {
            return try await postpone(shard, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
        try await commit(ended: true) {
            try await ShardTransitions.move($0, shard: shard.id, to: .abandoned, error: "The job was cancelled")
        }
    }
}
