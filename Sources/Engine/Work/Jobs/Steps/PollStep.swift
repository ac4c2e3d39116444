// submitted -> ended: how the provider's batch is doing. Loop-bound.
import Logging

extension JobRunner {
    /// How often a batch that fails for a passing reason is made anew before its lots are planned again.
    static let setbacksMax = 5
    static let queueFullReason = "OpenAI's queue of batches is full"

    func poll(_ shard: ProviderBatch, among shards: [ProviderBatch]) async throws {
        guard let id = shard.batchID else { return try await postpone(shard, to: .uploaded, because: "no batch") }
        let batch: BatchObject
        CrashPoint.batchPolling.pass()
        do { batch = try await context.openAI.batch(id) } catch {
            var reason = error.reason
            if case .api(404, _, _) = error.kind {
                guard isHidden(shard) else { return try await abandon(shard, because: reason) }
                reason = Self.hiddenReason
            }
            try await tell(reason)
            return try await postpone(shard, because: reason, atLeast: error.retryAfter ?? 0)
        }
        CrashPoint.batchPolled.pass()
        if let failure = batch.failure { return try await failed(shard, failure, among: shards) }
        succeeded(shard)
        try await polled(shard, batch)
    }

    /// Writes down how the batch is doing.
    /// - Parameter jobHasEnded: nothing of the job itself is written.
    func polled(_ shard: ProviderBatch, _ batch: BatchObject, jobHasEnded: Bool = false) async throws {
        try await commit(ended: jobHasEnded) { session in
            if !jobHasEnded { try await JobProgress.trouble(session, job: self.lease.job, message: nil) }
            try await ProviderBatchMoves.polled(
                session, batch: shard.id, providerStatus: "\(batch.status)", outputFile: batch.outputFileID,
                errorFile: batch.errorFileID, state: batch.status.isEnded ? .ended : .submitted,
                wait: batch.status.isEnded ? 0 : self.context.configuration.pollSeconds)
            CrashPoint.pollCommitting.pass()
        }
        CrashPoint.pollCommitted.pass()
    }

    /// A batch that failed did nothing, so the same lines go again as they are: this is not one of their attempts.
    private func failed(
        _ shard: ProviderBatch, _ failure: BatchObject.Failure, among shards: [ProviderBatch]
    ) async throws {
        let poll = context.configuration.pollSeconds
        let cuts = shards.count { $0.stage == shard.stage && $0.round == shard.round && $0.state == .abandoned }
        switch failure {
        case .queueFull:
            let reason = Self.queueFullReason
            try await tell(reason)
            // With nothing of ours in the queue it is this shard that is too large.
            let others = try await queue(of: shard, context.database).reduce(0) { $0 + $1.tokens } - shard.tokens
            let isSmall = shard.lines == 1 || (cuts >= Self.cutsMax && shard.lines <= Self.smallLines)
            if others <= 0, !isSmall { return try await halve(shard, because: reason) }
            try await postpone(shard, to: .uploaded, because: reason, atLeast: waitAfterRefusal(shard))
        case .quota: try await holdUp(shard, because: OpenAIError(.quota))
        case .passing:
            if setback(shard) > Self.setbacksMax {
                return try await abandon(shard, because: "OpenAI could not run the batch")
            }
            try await postpone(shard, to: .uploaded, because: "OpenAI could not run the batch", atLeast: poll)
        case .modelNotFound:
            context.openAI.learn(shard.stage, from: OpenAIError(.modelNotFound), asked: parameters(of: shard))
            try await holdUp(shard, because: OpenAIError(.modelNotFound))
        case .refused(let reason):
            log.error("Background worker: batch refused", metadata: ["reason": "\(reason)"])
            // One line that the provider cannot read must not cost the others; it is found by halving.
            if shard.lines > 1, cuts < Self.cutsMax { return try await halve(shard, because: reason) }
            try await abandon(shard, because: reason)
        }
    }

    /// Shards of a round that are cut in two because of lines that cannot be read: enough to find a few among 50,000.
    private static let cutsMax = 64
    /// What somebody else's batches leave no room for need not be cut any further, however long that takes.
    private static let smallLines = 32

    /// Two shards take its place.
    private func halve(_ shard: ProviderBatch, because reason: String) async throws {
        let positions = try await ProviderBatches.positions(context.database, batch: shard.id)
        let middle = positions.count / 2
        log.warning("Background worker: shard cut in two", metadata: ["batch": "\(shard.id)", "reason": "\(reason)"])
        try await commit { session in
            try await ProviderBatchMoves.move(session, batch: shard.id, to: .abandoned, error: reason)
            for half in [positions[..<middle], positions[middle...]] where !half.isEmpty {
                _ = try await ProviderBatches.insert(
                    session, job: self.lease.job, stage: shard.stage, round: shard.round, state: .planned,
                    model: shard.model, account: self.context.account,
                    PlannedLots(
                        positions: Array(half), tokens: shard.tokens * half.count / max(1, positions.count),
                        inlineImages: shard.inlineImages))
            }
            CrashPoint.halveCommitting.pass()
        }
        CrashPoint.halveCommitted.pass()
    }

    /// The account cannot run it for now; the job waits and says so.
    func holdUp(_ shard: ProviderBatch, because error: OpenAIError) async throws {
        log.warning(
            "Background worker: shard held up", metadata: ["batch": "\(shard.id)", "reason": "\(error.reason)"])
        try await commit { session in
            try await JobProgress.trouble(session, job: self.lease.job, message: error.reason)
            try await ProviderBatchMoves.holdUp(session, batch: shard.id, because: error.reason)
            CrashPoint.holdUpCommitting.pass()
        }
        CrashPoint.holdUpCommitted.pass()
    }

    /// The batch has no time left, or has outlived it: what it has done by now is kept.
    func recall(_ shard: ProviderBatch) async throws {
        guard let id = shard.batchID else { return try await abandon(shard, because: "no batch") }
        do {
            CrashPoint.lateRecalling.pass()
            let batch = try await context.openAI.cancelBatch(id)
            CrashPoint.lateRecalled.pass()
            log.warning("Background worker: batch asked to end", metadata: ["batch": "\(id)"])
            let wait = batch.status.isEnded ? 0 : context.configuration.pollSeconds
            try await commit { session in
                try await ProviderBatchMoves.recalled(
                    session, batch: shard.id, providerStatus: "\(batch.status)", wait: wait)
                try await JobProgress.event(
                    session, job: self.lease.job, "batch recalled", instance: self.context.configuration.instance,
                    detail: id)
                CrashPoint.lateRecallCommitting.pass()
            }
            CrashPoint.lateRecallCommitted.pass()
        } catch let error as OpenAIError {
            if case .api(404, _, _) = error.kind, !isHidden(shard) {
                return try await abandon(shard, because: error.reason)
            }
            try await tell(error.reason)
            try await postpone(shard, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
    }

    /// The shard's lots are planned anew.
    func abandon(_ shard: ProviderBatch, because reason: String) async throws {
        log.warning("Background worker: shard given up", metadata: ["batch": "\(shard.id)", "reason": "\(reason)"])
        try await commit {
            try await ProviderBatchMoves.move($0, batch: shard.id, to: .abandoned, error: reason)
            CrashPoint.abandonCommitting.pass()
        }
        CrashPoint.abandonCommitted.pass()
    }
}
