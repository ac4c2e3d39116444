// Creates the batch at the provider, and finds it again after an unknown outcome. I/O only. Loop-bound.

extension LeasedJob {
    /// Whether the provider's queue takes one more batch and it is this job's turn. Within the transaction of the
    /// intent.
    func hasRoom(for batch: ProviderBatch, _ session: DatabaseSession) async throws -> Bool {
        let limit = context.configuration.enqueuedTokens
        // Without our own limit, the provider's refusals are the limit.
        if limit != nil { try await ProviderQueue.lock(session) }
        let queue = try await queue(of: batch, session)
        return QueueShare.admits(id, tokens: batch.tokens, queue: queue, limit: limit)
    }

    /// Loads the provider's queue for the batch's model.
    func queue(of batch: ProviderBatch, _ db: any Querying) async throws(DatabaseError) -> [QueuedJob] {
        try await ProviderQueue.load(
            db, account: context.account, model: batch.model, refusal: BatchMachine.queueFullReason
        ).map { QueuedJob(job: $0.job, tokens: $0.tokens, waiting: $0.waiting, wasRefused: $0.wasRefused) }
    }

    func create(_ batch: ProviderBatch, on file: String) async -> BatchOutcome {
        do throws(OpenAIError) {
            let object = try await context.openAI.createBatch(
                inputFile: file,
                metadata: [
                    (BatchMachine.jobKey, id.description), (BatchMachine.batchKey, batch.id.description),
                    ("stage", batch.stage.rawValue),
                ])
            CrashPoint.batchCreated.pass()
            return .created(object)
        } catch { return .creationFailed(error) }
    }

    /// Looks for batches of this row. The first one is kept, further ones are cancelled.
    func findBatch(_ batch: ProviderBatch, _ record: JobRecord) async -> BatchOutcome {
        do throws(OpenAIError) {
            CrashPoint.batchesListing.pass()
            let found = try await batches(of: batch)
            CrashPoint.batchesListed.pass()
            for stray in found.dropFirst() {
                try await cancel(stray.id, jobHasEnded: !record.status.isOpen)
            }
            return .listed(found)
        } catch { return .failed(error) }
    }

    private func cancel(_ batch: String, jobHasEnded: Bool) async throws(OpenAIError) {
        CrashPoint.batchRecalling.pass()
        do throws(OpenAIError) { _ = try await context.openAI.cancelBatch(batch) } catch {
            guard BatchMachine.isTakenBack(error, jobHasEnded: jobHasEnded) else { throw error }
        }
        CrashPoint.batchRecalled.pass()
    }

    /// Returns batches of this row since its intent, oldest first; those of another account are not visible.
    private func batches(of batch: ProviderBatch) async throws(OpenAIError) -> [BatchObject] {
        let since = Int((batch.intentAt ?? batch.notBefore).seconds) - 600
        var found: [BatchObject] = []
        var after: String?
        repeat {
            let page = try await context.openAI.listBatches(after: after)
            found += page.batches.filter { $0.createdAt >= since && BatchMachine.isBatch($0, of: batch) }
            // Newest first is usual, but not guaranteed: a page with only old batches ends the search.
            after = page.batches.contains { $0.createdAt >= since } ? page.next : nil
        } while after != nil
        return found.sorted { $0.createdAt < $1.createdAt }
    }

    /// Takes back a file or batch that no runner will look for, because the lease was lost before the write.
    func dropOrphan(of outcome: BatchOutcome, _ batch: ProviderBatch) async {
        guard BatchMachine.mayLeaveOrphan(outcome) else { return }
        let rows = try? await ProviderBatches.load(context.database, job: id)
        let orphan = BatchMachine.orphan(of: outcome, batch, jobHasEnded: await hasEnded(), rows: rows)
        guard let orphan else { return }
        CrashPoint.batchRecalling.pass()
        switch orphan {
        case .file(let file): try? await context.openAI.deleteFile(file)
        case .batch(let batch): _ = try? await context.openAI.cancelBatch(batch)
        }
        CrashPoint.batchRecalled.pass()
    }
}
