// What an ended job still has outside: it was cancelled, or its time was over. Batches are cancelled, uploads are
// deleted, no further money is spent (C4.3), and what a batch had answered by then is booked (C5.9). Loop-bound.
import Logging

extension JobRunner {
    private static let reason = "The job has ended"

    func cleanUp(_ shard: ProviderBatch, _ job: JobRecord) async throws {
        CrashPoint.cleanUpCalling.pass()
        do {
            switch shard.state {
            case .submitted: return try await takeBack(shard)
            case .ended: return try await bookOnly(shard, job)
            case .creating:
                if try await !adoptForCleanUp(shard) { return }
            case .uploading:
                for file in try await uploads(of: shard) { try await context.openAI.deleteFile(file.id) }
                CrashPoint.cleanUpCalled.pass()
            case .canary, .planned, .uploaded, .collected, .abandoned: break
            }
        } catch let error as OpenAIError {
            return try await postpone(shard, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
        try await forget(shard)
    }

    /// Nothing of it is at work over there any more. Its files are left to the `FileSweeper`.
    private func forget(_ shard: ProviderBatch) async throws {
        try await commit(ended: true) {
            try await ProviderBatchMoves.move($0, batch: shard.id, to: .abandoned, error: Self.reason)
            CrashPoint.cleanUpCommitting.pass()
        }
        CrashPoint.cleanUpCommitted.pass()
    }

    /// Asks the batch to end and waits for that: only then it is known what it has cost.
    private func takeBack(_ shard: ProviderBatch) async throws {
        guard let id = shard.batchID, !isOutlived(shard) else { return try await forget(shard) }
        let batch: BatchObject
        do throws(OpenAIError) {
            batch = shard.isRecalled ? try await context.openAI.batch(id) : try await context.openAI.cancelBatch(id)
        } catch {
            guard case .api(404, _, _) = error.kind, !isHidden(shard) else { throw error }
            return try await forget(shard)
        }
        CrashPoint.cleanUpCalled.pass()
        if batch.failure != nil { return try await forget(shard) }
        if batch.status.isEnded { return try await polled(shard, batch, jobHasEnded: true) }
        try await commit(ended: true) {
            try await ProviderBatchMoves.recalled(
                $0, batch: shard.id, providerStatus: "\(batch.status)", wait: self.context.configuration.pollSeconds)
            CrashPoint.recallCommitting.pass()
        }
        CrashPoint.recallCommitted.pass()
    }

    /// A creation whose outcome is unknown. The first batch that is found becomes the shard's, so that it is taken
    /// back and booked; further ones are cancelled.
    /// - Returns: true if there is surely none.
    private func adoptForCleanUp(_ shard: ProviderBatch) async throws -> Bool {
        let found = try await batches(of: shard)
        for stray in found.dropFirst() { try await cancel(stray.id) }
        if let first = found.first {
            try await commit(ended: true) {
                try await ProviderBatchMoves.submitted(
                    $0, job: nil, batch: shard, batchID: first.id, providerStatus: "\(first.status)", wait: 0)
                CrashPoint.strayCommitting.pass()
            }
            CrashPoint.strayCommitted.pass()
            return false
        }
        let age = Timestamp.now() - (shard.intentAt ?? Timestamp(microseconds: 0))
        let left =
            isHidden(shard) ? context.configuration.backoffMaxSeconds : context.configuration.settleSeconds - age
        guard left > 0 else { return true }
        try await commit(ended: true) {
            try await ProviderBatchMoves.delay($0, batch: shard.id, error: nil, wait: left)
            CrashPoint.settleCommitting.pass()
        }
        CrashPoint.settleCommitted.pass()
        return false
    }

    /// One that is not there any more counts as cancelled.
    private func cancel(_ batch: String) async throws(OpenAIError) {
        do throws(OpenAIError) { _ = try await context.openAI.cancelBatch(batch) } catch {
            guard case .api(404, _, _) = error.kind else { throw error }
        }
    }

    /// Tokens only: the job's lots have had their ends. All of them in the transaction that ends the shard: once.
    private func bookOnly(_ shard: ProviderBatch, _ job: JobRecord) async throws {
        var open = Set(try await ProviderBatches.positions(context.database, batch: shard.id))
        // A collection may have come half way.
        open.subtract(
            try await ProviderBatches.accounted(context.database, job: job.id, batch: shard, positions: open.sorted()))
        var spent: [String: Usage] = [:]
        for file in [shard.outputFileID, shard.errorFileID] {
            guard let file else { continue }
            do throws(OpenAIError) { try await addUp(file, shard, job, &open, &spent) } catch {
                guard case .api(404, _, _) = error.kind else { throw error }
            }
        }
        let usages = spent.sorted { $0.key < $1.key }
        try await commit(ended: true) { session in
            for (model, usage) in usages {
                try await BookUsage.run(
                    session, job: job.id, model: model, input: usage.input, output: usage.output)
            }
            try await ProviderBatchMoves.move(session, batch: shard.id, to: .collected)
            CrashPoint.bookCommitting.pass()
        }
        CrashPoint.bookCommitted.pass()
        context.openAI.spent(usages.reduce(.zero) { $0 + $1.value }, on: shard.model)
    }

    private func addUp(
        _ file: String, _ shard: ProviderBatch, _ job: JobRecord, _ open: inout Set<Int>, _ spent: inout [String: Usage]
    ) async throws(OpenAIError) {
        let fields = fields(of: shard.stage, job)
        CrashPoint.outputOpening.pass()
        let reader = try await context.openAI.openFile(file)
        CrashPoint.outputOpened.pass()
        defer { reader.cancel() }
        while let line = try await reader.next() {
            guard let output = BatchOutput.read(line, fields: fields), let id = BatchCustomID(output.customID),
                id.stage == shard.stage, open.remove(id.position) != nil
            else { continue }
            switch output.outcome {
            case .answer(let answer):
                spent[answer.model, default: .zero] = spent[answer.model, default: .zero] + answer.usage
            case .failed(_, _, _, let usage):
                spent[shard.model, default: .zero] = spent[shard.model, default: .zero] + (usage ?? .zero)
            }
        }
    }
}
