// Builds a batch's file, uploads it, and finds it again after an unknown outcome. I/O only. Loop-bound.

/// Feeds an upload from the built file.
final class BatchFileSource: ByteSource {
    private let file: BatchFile
    private var offset = 0

    init(_ file: BatchFile) { self.file = file }

    func next() async throws -> [UInt8]? {
        let bytes = try await file.read(at: offset)
        offset += bytes.count
        return bytes.isEmpty ? nil : bytes
    }
}

/// Facts about the batch's lots that building the file has shown.
struct BuiltFile {
    /// Lots whose lines are in the file.
    var positions: [Int] = []
    /// Lots whose lines did not fit: they get a batch of their own in the same round.
    var rest: [Int] = []
    var failures: [LineFailure] = []
    var corrections: [StageResult] = []
}

extension LeasedJob {
    /// Lots read per page; fewer if their images are fetched, too.
    private static let buildPage = 100
    private static let inlineBuildPage = 16

    func build(_ batch: ProviderBatch, _ record: JobRecord, into file: BatchFile) async throws -> BuiltFile {
        let positions = try await ProviderBatches.positions(context.database, batch: batch.id)
        var parameters = parameters(of: batch)
        parameters.name = context.openAI.configuration.batchName(of: parameters.name, in: batch.stage)
        let size = batch.inlineImages ? Self.inlineBuildPage : Self.buildPage
        var built = BuiltFile()
        var start = 0
        while start < positions.count, built.rest.isEmpty {
            let page = Array(positions[start..<min(positions.count, start + size)])
            let (inputs, done) = try await lineInputs(
                batch.stage, positions: page, inline: batch.inlineImages, record)
            for input in inputs {
                try await append(input, body(of: input, parameters, record), to: file, &built)
            }
            start += done
        }
        if !built.rest.isEmpty { built.rest += positions[start...] }
        return built
    }

    private func append(
        _ input: LineInput, _ body: @autoclosure () -> [UInt8], to file: BatchFile, _ built: inout BuiltFile
    ) async throws {
        if let correction = input.correction { built.corrections.append(correction) }
        if input.lacksImages {
            built.failures.append(.withoutImages(input.position))
            return
        }
        let line = BatchLine.encode(
            customID: BatchCustomID(input.stage, input.position).description, body: body())
        if !built.rest.isEmpty || (file.length + line.count > Limits.batchFileBytes && file.length > 0) {
            built.rest.append(input.position)
            return
        }
        try await file.append(line)
        built.positions.append(input.position)
    }

    /// Writes the facts that the build has shown. Within `commit`.
    func store(_ built: BuiltFile, of batch: ProviderBatch, _ session: DatabaseSession) async throws {
        try await ImageWork.correct(session, job: id, built.corrections)
        try await LineFailures.store(session, batch: batch, job: id, built.failures)
        guard !built.rest.isEmpty else { return }
        let tokens = batch.tokens * built.rest.count / max(1, batch.lines)
        try await insertBatch(
            batch.stage, round: batch.round, .planned, model: batch.model,
            PlannedLots(positions: built.rest, tokens: tokens, inlineImages: batch.inlineImages), session)
    }

    func upload(_ batch: ProviderBatch, _ file: BatchFile) async -> BatchOutcome {
        do throws(OpenAIError) {
            let id = try await context.openAI.uploadBatchFile(
                name: batch.id.description, length: file.length, source: BatchFileSource(file))
            CrashPoint.fileUploaded.pass()
            return .uploaded(file: id)
        } catch { return .uploadFailed(error) }
    }

    /// Looks for the batch's file by its name, and deletes the files that are not used.
    func findUpload(_ batch: ProviderBatch, _ record: JobRecord) async -> BatchOutcome {
        do throws(OpenAIError) {
            CrashPoint.filesListing.pass()
            let files = try await uploads(of: batch)
            CrashPoint.filesListed.pass()
            let choice = BatchMachine.choose(among: files, for: batch, jobHasEnded: !record.status.isOpen)
            for file in choice.deleted { try await context.openAI.deleteFile(file) }
            return .foundUpload(file: choice.used)
        } catch { return .failed(error) }
    }

    private func uploads(of batch: ProviderBatch) async throws(OpenAIError) -> [FileObject] {
        try await context.openAI.files { $0.name == "\(batch.id).jsonl" }
    }
}
