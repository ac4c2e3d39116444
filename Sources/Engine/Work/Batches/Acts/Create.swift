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
        } catch {
            // A gateway may know at once that the model is gone: the next request goes to another one.
            if error.fault == .model { context.openAI.learn(batch.stage, from: error, asked: parameters(of: batch)) }
            return .creationFailed(error)
        }
    }

    /// Looks for batches of this row in the provider's list.
    func findBatch(_ batch: ProviderBatch, _ record: JobRecord) async -> BatchOutcome {
        do throws(OpenAIError) {
            let found = try await listed(batch)
            // A creation that arrives later fails without its file, and costs nothing.
            if found.isEmpty, !record.status.isOpen, let file = batch.inputFileID {
                try? await context.openAI.deleteFile(file)
            }
            return .listed(found)
        } catch { return .failed(error) }
    }

    /// Looks for batches of the row's lots that no row knows.
    /// - Parameter rows: all provider batches of the job.
    func look(for batch: ProviderBatch, among rows: [ProviderBatch]) async -> BatchOutcome {
        do throws(OpenAIError) {
            let known = Set(rows.compactMap(\.batchID))
            return .looked(.success(try await listed(batch).filter { !known.contains($0.id) }))
        } catch { return .looked(.failure(error)) }
    }

    /// Returns the living batches of the row's lots, oldest first; those of another account are not visible.
    private func listed(_ batch: ProviderBatch) async throws(OpenAIError) -> [BatchObject] {
        CrashPoint.batchesListing.pass()
        let found = try await context.openAI.batches(since: batch.intentAt) { BatchMachine.isOurs($0, batch) }
        CrashPoint.batchesListed.pass()
        return found
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
