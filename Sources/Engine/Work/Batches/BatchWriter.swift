// Writes verdicts: the only code that moves the row of a provider batch. Each verdict is one transaction, under the
// job's lease, and starts from the state that the verdict was made for. Loop-bound.
import Logging

struct BatchWriter {
    let job: LeasedJob

    /// Writes the verdict and everything that belongs to it.
    /// - Parameters:
    ///   - also: written in the same transaction, once the row has moved.
    ///   - decide: makes the verdict within the transaction.
    /// - Returns: the verdict.
    /// - Throws: `LeaseLost`, ``StaleBatch``, `DatabaseError`, and errors of `decide`. Nothing was written then.
    func write(
        _ batch: ProviderBatch, in record: JobRecord, also: (DatabaseSession) async throws -> Void,
        deciding decide: (DatabaseSession) async throws -> BatchVerdict
    ) async throws -> BatchVerdict {
        let verdict = try await job.transaction(ended: !record.status.isOpen) { session in
            let verdict = try await decide(session)
            if !verdict.page.isEmpty { try await job.store(verdict.page, batch, record, session) }
            // A repeated write whose first reply was lost finds the row moved: everything else was written with it.
            if try await move(batch, verdict, session) {
                try await also(session)
                try await writeRest(verdict, batch, record, session)
            }
            verdict.name.isAboutToCommit()
            return verdict
        }
        verdict.name.hasCommitted()
        log(verdict, batch)
        let tokens = verdict.usage.reduce(Usage.zero) { $0 + $1.tokens }
        if tokens != .zero { job.context.openAI.spent(tokens, on: batch.model) }
        return verdict
    }

    private func writeRest(
        _ verdict: BatchVerdict, _ batch: ProviderBatch, _ record: JobRecord, _ session: DatabaseSession
    ) async throws {
        if verdict.isHalved { try await insertHalves(of: batch, session) }
        for usage in verdict.usage {
            try await BookUsage.run(session, job: job.id, model: usage.model, usage.tokens)
        }
        for stray in verdict.strays { try await insert(stray, of: batch, session) }
        if let seconds = verdict.slowSeconds {
            try await ProviderAccounts.wasSlow(session, account: job.context.account, seconds: seconds)
        }
        if let id = verdict.move.batchID, verdict.namesBatch {
            try await MoveBatch.name(session, job: job.id, stage: batch.stage, batch: id)
        }
        if record.status.isOpen { try await writeMessage(verdict.message, session) }
        if let event = verdict.event(of: batch) { try await job.note(event.name, detail: event.detail, session) }
    }

    private func move(_ batch: ProviderBatch, _ verdict: BatchVerdict, _ session: DatabaseSession) async throws -> Bool
    {
        if verdict.removesRow { return try await MoveBatch.remove(session, batch) }
        return try await MoveBatch.run(session, batch, verdict.move)
    }

    private func writeMessage(_ message: BatchVerdict.JobMessage, _ session: DatabaseSession) async throws {
        switch message {
        case .unchanged: break
        case .cleared: try await JobProgress.trouble(session, job: job.id, message: nil)
        case .says(let message): try await JobProgress.trouble(session, job: job.id, message: message)
        }
    }

    private func insertHalves(of batch: ProviderBatch, _ session: DatabaseSession) async throws {
        let positions = try await ProviderBatches.positions(session, batch: batch.id)
        let middle = positions.count / 2
        for half in [positions[..<middle], positions[middle...]] where !half.isEmpty {
            let tokens = batch.tokens * half.count / max(1, positions.count)
            try await job.insertBatch(
                batch.stage, round: batch.round, .planned, model: batch.model,
                PlannedLots(positions: Array(half), tokens: tokens, inlineImages: batch.inlineImages), session)
        }
    }

    /// A batch that was made twice: it is cancelled and its cost is booked.
    private func insert(_ stray: BatchObject, of batch: ProviderBatch, _ session: DatabaseSession) async throws {
        let isNew = try await ProviderBatches.insertStray(
            session, of: batch, account: job.context.account, id: stray.id, status: "\(stray.status)")
        guard isNew else { return }
        try await job.note("stray batch", detail: "\(batch.stage.rawValue) \(stray.id)", session)
        job.log.warning(
            "Background worker: second batch of the same lots found; it is cancelled",
            metadata: ["batch": "\(batch.id)", "openai_batch": "\(stray.id)"])
    }

    private func log(_ verdict: BatchVerdict, _ batch: ProviderBatch) {
        guard let (level, text) = verdict.logLine else { return }
        var metadata: Logger.Metadata = ["batch": "\(batch.id)", "stage": "\(batch.stage.rawValue)"]
        if let error = verdict.move.error { metadata["reason"] = "\(error)" }
        if let id = verdict.move.batchID ?? batch.batchID { metadata["openai_batch"] = "\(id)" }
        if verdict.move.waitSeconds > 0 { metadata["again_in_seconds"] = "\(verdict.move.waitSeconds)" }
        job.log.log(level: level, "Background worker: \(text)", metadata: metadata)
    }
}

extension BatchVerdict {
    /// Returns the row after the move, as far as the next act in the same step needs it.
    func applied(to batch: ProviderBatch) -> ProviderBatch {
        var after = batch
        if move.to != batch.state, [.uploading, .creating].contains(move.to) {
            (after.intentAt, after.attemptEndedAt) = (Timestamp.now(), nil)
        }
        after.state = move.to
        after.account = move.account ?? batch.account
        after.inputFileID = move.file ?? batch.inputFileID
        after.lines = move.positions?.count ?? batch.lines
        after.fileBytes = move.bytes ?? batch.fileBytes
        (after.failures, after.setbacks, after.refusals) = (move.failures, move.setbacks, move.refusals)
        return after
    }

    /// Returns the line of the job's audit trail.
    fileprivate func event(of batch: ProviderBatch) -> (name: String, detail: String)? {
        switch name {
        case .batch: ("batch submitted", "\(batch.stage.rawValue) \(move.batchID ?? "")")
        case .lateRecall: ("batch recalled", batch.batchID ?? "")
        case .start, .images, .stage, .plan, .failures, .end, .cleaned, .ask, .askDirectly, .dropAsking,
            .uploadIntent, .file, .createIntent, .poll, .answers, .collected, .review, .settle, .postpone, .holdUp,
            .abandon, .halve, .recall, .stray, .book, .cleanUp, .look, .letGo, .reread:
            nil
        }
    }

    /// nil if the step's own debug line is enough.
    fileprivate var logLine: (Logger.Level, String)? {
        if isQuiet { return nil }
        let trouble: Logger.Level = isOurMistake ? .error : .warning
        return switch name {
        case .batch: (.info, "batch submitted")
        case .collected: (.info, "batch collected")
        case .abandon: (trouble, "batch given up")
        case .halve: (trouble, "batch cut in two")
        case .holdUp: (.warning, "batch held up")
        case .lateRecall: (.warning, "batch asked to end")
        case .postpone: (.warning, "batch postponed")
        case .letGo: (.warning, "batch given up while it is at work; it is cancelled")
        case .reread: (.warning, "answers are not complete; they are read again")
        case .start, .images, .stage, .plan, .failures, .end, .cleaned, .ask, .askDirectly, .dropAsking,
            .uploadIntent, .file, .createIntent, .poll, .answers, .review, .settle, .recall, .stray, .book, .cleanUp,
            .look:
            nil
        }
    }
}
