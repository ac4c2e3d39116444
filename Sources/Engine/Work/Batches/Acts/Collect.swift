// Stores the answers of a batch, streamed, by `custom_id`. Their order is arbitrary. Lines may be missing, doubled or
// unknown, and both files may have either kind. Collecting the same files again changes nothing. I/O only. Loop-bound.
import Logging

extension LeasedJob {
    func collect(_ batch: ProviderBatch, _ record: JobRecord) async throws -> BatchOutcome {
        let positions = Set(try await ProviderBatches.positions(context.database, batch: batch.id))
        var heldUp: OpenAIError?
        do {
            for file in [batch.outputFileID, batch.errorFileID].compactMap(\.self) {
                heldUp = try await collect(file, batch, positions, record) ?? heldUp
            }
        } catch let error as OpenAIError { return .failed(error) }
        return .collected(heldUp: heldUp)
    }

    /// - Returns: the error if the account could not run some of the lines.
    private func collect(
        _ file: String, _ batch: ProviderBatch, _ positions: Set<Int>, _ record: JobRecord
    ) async throws -> OpenAIError? {
        let lines = try await BatchLines(file, of: batch, record, self)
        defer { lines.close() }
        var page = CollectedPage()
        var heldUp: OpenAIError?
        while let line = try await lines.next() {
            guard positions.contains(line.position) else {
                lines.ignored()
                continue
            }
            add(line.output, position: line.position, batch, to: &page)
            page.bytes += line.bytes
            let count = page.answers.count + page.failures.count
            if count >= context.configuration.collectPageLines || page.bytes >= CollectedPage.bytesMax {
                try await store(page, batch, record)
                heldUp = page.heldUp ?? heldUp
                page = CollectedPage()
            }
        }
        try await store(page, batch, record)
        return page.heldUp ?? heldUp
    }

    private func add(_ output: BatchOutput, position: Int, _ batch: ProviderBatch, to page: inout CollectedPage) {
        switch output.outcome {
        case .answer(let answer): page.answers.append((position, answer))
        case .failed(let curable, let reason, let imageDownload, let usage):
            if let error = output.error {
                context.openAI.learn(batch.stage, from: error, asked: parameters(of: batch))
                // The lot is not the cause and was not tried.
                if error.isOfAccount { return page.heldUp = error }
            }
            let failure = LineFailure(
                position: position, reason: reason, imageDownload: imageDownload,
                curable: curable && !(imageDownload && batch.inlineImages))
            page.failures.append((failure, usage))
        }
    }
}

/// The lines of one answer file that belong to a batch's stage. Frees: the connection, in `close`.
struct BatchLines {
    struct Line {
        let position: Int
        let output: BatchOutput
        let bytes: Int
    }

    private let file: String
    private let stage: WorkStage
    private let fields: [String]
    private let reader: LineReader
    private let log: Logger

    init(
        _ file: String, of batch: ProviderBatch, _ record: JobRecord, _ job: LeasedJob
    ) async throws(OpenAIError) {
        self.file = file
        stage = batch.stage
        fields = job.fields(of: batch.stage, record)
        log = job.log
        CrashPoint.outputOpening.pass()
        reader = try await job.context.openAI.openFile(file)
        CrashPoint.outputOpened.pass()
    }

    /// Returns the next line; nil at the end. Skips lines that name no lot of the stage.
    func next() async throws(OpenAIError) -> Line? {
        while let bytes = try await reader.next() {
            guard let output = BatchOutput.read(bytes, fields: fields), let id = BatchCustomID(output.customID),
                id.stage == stage
            else {
                ignored()
                continue
            }
            return Line(position: id.position, output: output, bytes: bytes.count)
        }
        return nil
    }

    func ignored() {
        log.warning("answer line ignored: it names no lot of this batch", metadata: ["file": "\(file)"])
    }

    func close() { reader.cancel() }
}
