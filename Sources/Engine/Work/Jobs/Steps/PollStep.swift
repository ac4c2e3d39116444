// submitted -> ended: how the provider's batch is doing. Loop-bound.
import Logging

extension JobRunner {
    /// How often a batch that fails for a passing reason is made anew before its lots are planned again.
    static let setbacksMax = 5

    func poll(_ shard: ShardRecord) async throws {
        guard let id = shard.batchID else { return try await postpone(shard, to: .uploaded, because: "no batch") }
        let batch: BatchObject
        do { batch = try await context.openAI.batch(id) } catch {
            if case .api(404, _, _) = error.kind, !isHidden(shard) {
                return try await abandon(shard, because: error.reason)
            }
            try await tell(error.reason)
            return try await postpone(shard, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
        if let failure = batch.failure { return try await failed(shard, failure) }
        succeeded(shard)
        try await commit { session in
            try await JobProgress.trouble(session, job: self.lease.job, message: nil)
            try await ShardTransitions.polled(
                session, shard: shard.id, providerStatus: "\(batch.status)", outputFile: batch.outputFileID,
                errorFile: batch.errorFileID, state: batch.status.isEnded ? .ended : .submitted,
                wait: batch.status.isEnded ? 0 : self.context.configuration.pollSeconds)
        }
    }

    private func failed(_ shard: ShardRecord, _ failure: BatchObject.Failure) async throws {
        let poll = context.configuration.pollSeconds
        switch failure {
        case .queueFull:
            let reason = "OpenAI's queue of batches is full"
            try await tell(reason)
            try await postpone(shard, to: .uploaded, because: reason, atLeast: waitAfterRefusal(shard))
        case .quota:
            let error = OpenAIError(.quota)
            try await tell(error.reason)
            try await postpone(shard, to: .uploaded, because: error.reason, atLeast: waitAfterRefusal(shard))
        case .passing:
            if setback(shard) > Self.setbacksMax {
                return try await abandon(shard, because: "OpenAI could not run the batch")
            }
            try await postpone(shard, to: .uploaded, because: "OpenAI could not run the batch", atLeast: poll)
        case .modelNotFound:
            context.openAI.learn(shard.stage, from: OpenAIError(.modelNotFound), asked: parameters(of: shard))
            try await abandon(shard, because: OpenAIError(.modelNotFound).reason)
        case .refused(let reason):
            log.error("Background worker: batch refused", metadata: ["reason": "\(reason)"])
            try await abandon(shard, because: reason)
        }
    }

    /// The shard's lots are planned anew.
    func abandon(_ shard: ShardRecord, because reason: String) async throws {
        log.warning("Background worker: shard given up", metadata: ["shard": "\(shard.id)", "reason": "\(reason)"])
        try await commit { try await ShardTransitions.move($0, shard: shard.id, to: .abandoned, error: reason) }
        // Nobody needs its file any more. If this fails it costs nothing but room over there.
        if let file = shard.inputFileID { try? await context.openAI.deleteFile(file) }
    }
}
