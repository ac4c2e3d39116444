// uploaded -> creating -> submitted: exactly one batch for each shard, whatever is lost on the way. Loop-bound.
import Logging

extension JobRunner {
    /// Metadata by which a batch is found again.
    private static let shardKey = "generation_shard"
    private static let jobKey = "generation_job"

    func create(_ shard: ProviderBatch) async throws {
        guard let file = shard.inputFileID else { return try await postpone(shard, to: .planned, because: "no file") }
        let isAdmitted = try await commit { session in
            guard try await self.hasRoom(for: shard, session) else {
                let wait = self.context.configuration.pollSeconds
                try await ProviderBatchMoves.delay(session, batch: shard.id, error: "It is others' turn", wait: wait)
                CrashPoint.postponeCommitting.pass()
                return false
            }
            try await ProviderBatchMoves.move(session, batch: shard.id, to: .creating, account: self.context.account)
            CrashPoint.createIntentCommitting.pass()
            return true
        }
        guard isAdmitted else { return }
        CrashPoint.createIntentCommitted.pass()
        try await paying { try await self.create(shard, on: file) }
    }

    /// The provider's queue takes one more batch, and it is this job's turn.
    private func hasRoom(for shard: ProviderBatch, _ session: DatabaseSession) async throws -> Bool {
        let limit = context.configuration.enqueuedTokens
        // Without a limit of ours the provider says what is too much.
        if limit != nil { try await ProviderQueue.lock(session) }
        let queue = try await queue(of: shard, session)
        return QueueShare.admits(lease.job, tokens: shard.tokens, queue: queue, limit: limit)
    }

    /// What is in the provider's queue for the shard's model.
    func queue(of shard: ProviderBatch, _ db: any Querying) async throws -> [QueuedJob] {
        try await ProviderQueue.load(
            db, account: context.account, model: shard.model, refusal: Self.queueFullReason
        ).map { QueuedJob(job: $0.job, tokens: $0.tokens, waiting: $0.waiting, wasRefused: $0.wasRefused) }
    }

    private func create(_ shard: ProviderBatch, on file: String) async throws {
        let batch: BatchObject
        do {
            batch = try await context.openAI.createBatch(
                inputFile: file,
                metadata: [
                    (Self.jobKey, lease.job.description), (Self.shardKey, shard.id.description),
                    ("stage", shard.stage.rawValue),
                ])
        } catch {
            return try await createFailed(error, shard)
        }
        CrashPoint.batchCreated.pass()
        do { try await adopt(batch, shard) } catch let lost as LeaseLost {
            await disown(batch, shard)
            throw lost
        }
    }

    /// The lease went while the batch was made. A new holder finds the batch in the list, or has it already, and then
    /// it must go on; if the job has ended or the shard has got another one, nobody wants it.
    private func disown(_ batch: BatchObject, _ shard: ProviderBatch) async {
        if await !hasEnded() {
            guard let rows = try? await ProviderBatches.load(context.database, job: lease.job) else { return }
            let known = rows.first { $0.id == shard.id }?.batchID
            if known == batch.id || known == shard.batchID { return }
        }
        CrashPoint.cleanUpCalling.pass()
        _ = try? await context.openAI.cancelBatch(batch.id)
        CrashPoint.cleanUpCalled.pass()
    }

    /// The job has ended meanwhile (or was removed); false if that cannot be found out.
    func hasEnded() async -> Bool {
        do { return try await LoadJob.run(context.database, job: lease.job)?.status.isOpen != true } catch {
            return false
        }
    }

    private func createFailed(_ error: OpenAIError, _ shard: ProviderBatch) async throws {
        if error.mayHaveArrived {
            // The row stays `creating`: `reconcile` looks for the batch before anything is sent again.
            return try await postpone(shard, because: error.reason)
        }
        try await tell(error.reason)
        switch error.kind {
        case .api(400, _, _), .api(404, _, _):
            let count = setback(shard)
            if count > Self.setbacksMax { return try await abandon(shard, because: error.reason) }
            try await postpone(shard, to: .planned, because: error.reason, atLeast: backoff(count))
        case .api, .quota, .modelNotFound, .rateLimited, .unavailable, .timedOut, .refused, .incomplete, .malformed,
            .sourceFailed, .cancelled:
            try await postpone(shard, to: .uploaded, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
    }

    private func adopt(_ batch: BatchObject, _ shard: ProviderBatch) async throws {
        try await commit { session in
            try await ProviderBatchMoves.submitted(
                session, job: self.lease.job, batch: shard, batchID: batch.id, providerStatus: "\(batch.status)",
                wait: self.context.configuration.pollSeconds)
            try await JobProgress.event(
                session, job: self.lease.job, "batch submitted", instance: self.context.configuration.instance,
                detail: "\(shard.stage.rawValue) \(batch.id)")
            CrashPoint.batchCommitting.pass()
        }
        CrashPoint.batchCommitted.pass()
        succeeded(shard)
        log.info("Background worker: batch submitted", metadata: ["batch": "\(batch.id)", "lots": "\(shard.lines)"])
    }

    /// The creation got no reply: one batch found is adopted, further ones are cancelled, none after the settling time
    /// means that there is none. Without a list nothing is sent.
    func reconcile(_ shard: ProviderBatch) async throws {
        do {
            CrashPoint.batchesListing.pass()
            let batches = try await batches(of: shard)
            CrashPoint.batchesListed.pass()
            if let first = batches.first {
                for stray in batches.dropFirst() {
                    CrashPoint.cleanUpCalling.pass()
                    _ = try await context.openAI.cancelBatch(stray.id)
                    CrashPoint.cleanUpCalled.pass()
                }
                return try await adopt(first, shard)
            }
        } catch let error as OpenAIError {
            try await tell(error.reason)
            return try await postpone(shard, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
        if isHidden(shard) {
            try await tell(Self.hiddenReason)
            return try await postpone(shard, because: Self.hiddenReason)
        }
        let age = Timestamp.now() - (shard.intentAt ?? Timestamp(microseconds: 0))
        let left = context.configuration.settleSeconds - age
        try await commit { session in
            if left > 0 {
                try await ProviderBatchMoves.delay(session, batch: shard.id, error: nil, wait: left)
            } else {
                try await ProviderBatchMoves.move(session, batch: shard.id, to: .uploaded)
            }
            CrashPoint.settleCommitting.pass()
        }
        CrashPoint.settleCommitted.pass()
        if left <= 0 { succeeded(shard) }
    }

    /// Batches made for this shard since its intent, the oldest first; another account's are not among them.
    func batches(of shard: ProviderBatch) async throws(OpenAIError) -> [BatchObject] {
        let since = Int((shard.intentAt ?? shard.notBefore).seconds) - 600
        var found: [BatchObject] = []
        var after: String?
        repeat {
            let page = try await context.openAI.listBatches(after: after)
            found += page.batches.filter { $0.createdAt >= since && Self.isBatch($0, of: shard) }
            // Newest first is usual, not promised: a page that is old throughout ends the search.
            after = page.batches.contains { $0.createdAt >= since } ? page.next : nil
        } while after != nil
        return found.sorted { $0.createdAt < $1.createdAt }
    }

    /// A failed batch did nothing. One with another file is an earlier one, which failed.
    private static func isBatch(_ batch: BatchObject, of shard: ProviderBatch) -> Bool {
        guard batch.metadata(shardKey) == shard.id.description, batch.status != .failed else { return false }
        return shard.inputFileID == nil || batch.inputFileID == shard.inputFileID
    }
}
