// planned -> uploading -> uploaded: builds the batch's file in a spool and uploads it. Loop-bound.

/// Feeds an upload from a spool.
final class BatchFileSource: ByteSource {
    private let spool: BatchFile
    private var offset = 0

    init(_ spool: BatchFile) { self.spool = spool }

    func next() async throws -> [UInt8]? {
        let bytes = try await spool.read(at: offset)
        offset += bytes.count
        return bytes.isEmpty ? nil : bytes
    }
}

/// What a batch's file came to hold.
private struct BuiltFile {
    var positions: [Int] = []
    /// Lots that did not fit any more.
    var rest: [Int] = []
    var failures: [LineFailure] = []
    var corrections: [StageResult] = []
}

extension JobRunner {
    /// Lots read at a time, and fetched at a time when their images come along.
    private static let buildPage = 100
    private static let inlineBuildPage = 16

    func upload(_ batch: ProviderBatch, _ job: JobRecord) async throws {
        let spool = BatchFile(directory: context.configuration.spoolDirectory, on: context.loop)
        do {
            let built = try await build(batch, job, into: spool)
            try await commitIntent(batch, built, bytes: spool.length, job)
            if built.positions.isEmpty {
                try await abandon(batch, because: "None of its lots could be sent")
            } else {
                try await send(batch, spool)
            }
        } catch {
            await spool.close()
            throw error
        }
        await spool.close()
    }

    private func build(_ batch: ProviderBatch, _ job: JobRecord, into spool: BatchFile) async throws -> BuiltFile {
        let positions = try await ProviderBatches.positions(context.database, batch: batch.id)
        let parameters = parameters(of: batch)
        let size = batch.inlineImages ? Self.inlineBuildPage : Self.buildPage
        var built = BuiltFile()
        var start = 0
        while start < positions.count {
            let page = Array(positions[start..<min(positions.count, start + size)])
            let (inputs, done) = try await lineInputs(
                batch.stage, positions: page, inline: batch.inlineImages, job)
            for input in inputs {
                if let correction = input.correction { built.corrections.append(correction) }
                if input.stage == .vision, input.images.isEmpty {
                    built.failures.append(
                        LineFailure(
                            position: input.position, reason: LineInput.noImages, imageDownload: false,
                            curable: false))
                    continue
                }
                let line = BatchLine.encode(
                    customID: BatchCustomID(batch.stage, input.position).description,
                    body: body(of: input, parameters, job))
                if !built.rest.isEmpty || (spool.length + line.count > Limits.batchFileBytes && spool.length > 0) {
                    built.rest.append(input.position)
                    continue
                }
                try await spool.append(line)
                built.positions.append(input.position)
            }
            start += done
            if !built.rest.isEmpty {
                built.rest += positions[start...]
                break
            }
        }
        return built
    }

    /// What does not fit goes into a batch of its own in the same round.
    private func commitIntent(_ batch: ProviderBatch, _ built: BuiltFile, bytes: Int, _ job: JobRecord) async throws {
        try await commit { session in
            try await ImageWork.correct(session, job: job.id, built.corrections)
            try await LineFailures.store(session, batch: batch, job: job.id, built.failures)
            try await ProviderBatchMoves.setFile(session, batch: batch.id, positions: built.positions, bytes: bytes)
            try await ProviderBatchMoves.move(
                session, batch: batch.id, to: .uploading, account: self.context.account)
            if !built.rest.isEmpty {
                _ = try await ProviderBatches.insert(
                    session, job: job.id, stage: batch.stage, round: batch.round, state: .planned, model: batch.model,
                    account: self.context.account,
                    PlannedLots(
                        positions: built.rest, tokens: batch.tokens * built.rest.count / max(1, batch.lines),
                        inlineImages: batch.inlineImages))
            }
            CrashPoint.uploadIntentCommitting.pass()
        }
        CrashPoint.uploadIntentCommitted.pass()
    }

    private func send(_ batch: ProviderBatch, _ spool: BatchFile) async throws {
        do {
            let file = try await context.openAI.uploadBatchFile(
                name: batch.id.description, length: spool.length, source: BatchFileSource(spool))
            CrashPoint.fileUploaded.pass()
            do {
                try await commit {
                    try await ProviderBatchMoves.uploaded($0, batch: batch.id, file: file)
                    CrashPoint.fileCommitting.pass()
                }
                CrashPoint.fileCommitted.pass()
            } catch let lost as LeaseLost {
                // A new holder finds the file by its name; after a cancel nobody looks any more.
                if await hasEnded() {
                    CrashPoint.cleanUpCalling.pass()
                    try? await context.openAI.deleteFile(file)
                    CrashPoint.cleanUpCalled.pass()
                }
                throw lost
            }
            succeeded(batch)
        } catch let error as OpenAIError {
            // A reply that was lost leaves a file behind; `reviewUpload` finds it by its name.
            try await tell(error.reason)
            try await postpone(
                batch, to: error.mayHaveArrived ? nil : .planned, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
    }

    /// An upload without a known outcome: the file is looked for by its name; a whole one is used, others are deleted.
    func reviewUpload(_ batch: ProviderBatch) async throws {
        do {
            CrashPoint.filesListing.pass()
            let files = try await uploads(of: batch)
            CrashPoint.filesListed.pass()
            let whole = files.first { $0.bytes == batch.fileBytes }
            for file in files where file.id != whole?.id { try await context.openAI.deleteFile(file.id) }
            try await commit { session in
                if let whole {
                    try await ProviderBatchMoves.uploaded(session, batch: batch.id, file: whole.id)
                } else {
                    try await ProviderBatchMoves.move(session, batch: batch.id, to: .planned)
                }
                CrashPoint.reviewCommitting.pass()
            }
            CrashPoint.reviewCommitted.pass()
            succeeded(batch)
        } catch let error as OpenAIError {
            try await tell(error.reason)
            try await postpone(batch, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
    }

    func uploads(of batch: ProviderBatch) async throws(OpenAIError) -> [FileObject] {
        var found: [FileObject] = []
        var after: String?
        repeat {
            let page = try await context.openAI.listFiles(after: after)
            found += page.files.filter { $0.name == "\(batch.id).jsonl" }
            after = page.next
        } while after != nil
        return found
    }
}
