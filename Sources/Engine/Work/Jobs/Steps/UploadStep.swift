// planned -> uploading -> uploaded: builds the shard's file in a spool and uploads it. Loop-bound.

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

/// What a shard's file came to hold.
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

    func upload(_ shard: ShardRecord, _ job: JobRecord) async throws {
        let spool = BatchFile(directory: context.configuration.spoolDirectory, on: context.loop)
        do {
            let built = try await build(shard, job, into: spool)
            try await commitIntent(shard, built, bytes: spool.length, job)
            if built.positions.isEmpty {
                try await abandon(shard, because: "None of its lots could be sent")
            } else {
                try await send(shard, spool)
            }
        } catch {
            await spool.close()
            throw error
        }
        await spool.close()
    }

    private func build(_ shard: ShardRecord, _ job: JobRecord, into spool: BatchFile) async throws -> BuiltFile {
        let positions = try await Shards.positions(context.database, shard: shard.id)
        let parameters = parameters(of: shard)
        let size = shard.inlineImages ? Self.inlineBuildPage : Self.buildPage
        var built = BuiltFile()
        var start = 0
        while start < positions.count {
            let page = Array(positions[start..<min(positions.count, start + size)])
            let (inputs, done) = try await lineInputs(
                shard.stage, positions: page, inline: shard.inlineImages, job)
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
                    customID: BatchCustomID(shard.stage, input.position).description,
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

    /// What does not fit goes into a shard of its own in the same round.
    private func commitIntent(_ shard: ShardRecord, _ built: BuiltFile, bytes: Int, _ job: JobRecord) async throws {
        try await commit { session in
            try await ImageWork.correct(session, job: job.id, built.corrections)
            try await LineFailures.store(session, shard: shard, job: job.id, built.failures)
            try await ShardTransitions.setFile(session, shard: shard.id, positions: built.positions, bytes: bytes)
            try await ShardTransitions.move(
                session, shard: shard.id, to: .uploading, account: self.context.account)
            if !built.rest.isEmpty {
                _ = try await Shards.insert(
                    session, job: job.id, stage: shard.stage, round: shard.round, state: .planned, model: shard.model,
                    account: self.context.account,
                    PlannedLots(
                        positions: built.rest, tokens: shard.tokens * built.rest.count / max(1, shard.lines),
                        inlineImages: shard.inlineImages))
            }
            CrashPoint.uploadIntentCommitting.pass()
        }
        CrashPoint.uploadIntentCommitted.pass()
    }

    private func send(_ shard: ShardRecord, _ spool: BatchFile) async throws {
        do {
            let file = try await context.openAI.uploadBatchFile(
                name: shard.id.description, length: spool.length, source: BatchFileSource(spool))
            CrashPoint.fileUploaded.pass()
            do {
                try await commit {
                    try await ShardTransitions.uploaded($0, shard: shard.id, file: file)
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
            succeeded(shard)
        } catch let error as OpenAIError {
            // A reply that was lost leaves a file behind; `reviewUpload` finds it by its name.
            try await tell(error.reason)
            try await postpone(
                shard, to: error.mayHaveArrived ? nil : .planned, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
    }

    /// An upload without a known outcome: the file is looked for by its name; a whole one is used, others are deleted.
    func reviewUpload(_ shard: ShardRecord) async throws {
        do {
            CrashPoint.filesListing.pass()
            let files = try await uploads(of: shard)
            CrashPoint.filesListed.pass()
            let whole = files.first { $0.bytes == shard.fileBytes }
            for file in files where file.id != whole?.id { try await context.openAI.deleteFile(file.id) }
            try await commit { session in
                if let whole {
                    try await ShardTransitions.uploaded(session, shard: shard.id, file: whole.id)
                } else {
                    try await ShardTransitions.move(session, shard: shard.id, to: .planned)
                }
                CrashPoint.reviewCommitting.pass()
            }
            CrashPoint.reviewCommitted.pass()
            succeeded(shard)
        } catch let error as OpenAIError {
            try await tell(error.reason)
            try await postpone(shard, because: error.reason, atLeast: error.retryAfter ?? 0)
        }
    }

    func uploads(of shard: ShardRecord) async throws(OpenAIError) -> [FileObject] {
        var found: [FileObject] = []
        var after: String?
        repeat {
            let page = try await context.openAI.listFiles(after: after)
            found += page.files.filter { $0.name == "\(shard.id).jsonl" }
            after = page.next
        } while after != nil
        return found
    }
}
