// Stores the answers of a batch, streamed, by `custom_id`. Their order is arbitrary. Lines may be missing, doubled or
// unknown, and both files may have either kind. Collecting the same files again changes nothing. I/O only. Loop-bound.
import Logging

extension LeasedJob {
    /// Stores the readable answers of both files, although one of them may not be there.
    func collect(_ batch: ProviderBatch, _ record: JobRecord) async throws -> BatchOutcome {
        let positions = Set(try await ProviderBatches.positions(context.database, batch: batch.id))
        var tally = LineTally()
        var heldUp: OpenAIError?
        var failure: OpenAIError?
        for file in [batch.outputFileID, batch.errorFileID].compactMap(\.self) {
            do {
                heldUp = try await collect(file, batch, positions, record, &tally) ?? heldUp
            } catch let error as OpenAIError { failure = failure ?? error }
        }
        return failure.map { .failed($0) } ?? .collected(heldUp: heldUp, tally.read)
    }

    /// The provider has denied an answer file for long: reads once more what there is, then asks the list of files.
    func confirmFilesGone(_ batch: ProviderBatch, _ record: JobRecord) async throws -> BatchOutcome {
        let outcome = try await collect(batch, record)
        guard case .failed(let denial) = outcome, denial.isDenial else { return outcome }
        do throws(OpenAIError) {
            CrashPoint.filesListing.pass()
            let listed = try await context.openAI.files(purpose: nil) {
                [batch.outputFileID, batch.errorFileID].contains($0.id)
            }
            CrashPoint.filesListed.pass()
            return listed.isEmpty ? .gone(denial) : outcome
        } catch { return .failed(error) }
    }

    /// - Returns: the error if the account could not run some of the lines.
    private func collect(
        _ file: String, _ batch: ProviderBatch, _ positions: Set<Int>, _ record: JobRecord, _ tally: inout LineTally
    ) async throws -> OpenAIError? {
        let lines = try await BatchLines(file, of: batch, record, self)
        defer {
            tally.add(skipped: lines.skipped, unreadable: lines.unreadable)
            lines.close()
        }
        var page = CollectedPage()
        var heldUp: OpenAIError?
        while let line = try await lines.next() {
            guard positions.contains(line.position) else {
                lines.ignored()
                continue
            }
            tally.add(line)
            add(line.output, position: line.position, batch, to: &page)
            page.bytes += line.bytes
            let count = page.answers.count + page.failures.count
            if count >= context.configuration.collectPageLines || page.bytes >= CollectedPage.bytesMax {
                try await storeSurely(page, batch, record)
                heldUp = page.heldUp ?? heldUp
                page = CollectedPage()
            }
        }
        try await storeSurely(page, batch, record)
        return page.heldUp ?? heldUp
    }

    private func storeSurely(_ page: CollectedPage, _ batch: ProviderBatch, _ record: JobRecord) async throws {
        try await surely(record) { try await store(page, batch, record) }
    }

    private func add(_ output: BatchOutput, position: Int, _ batch: ProviderBatch, to page: inout CollectedPage) {
        switch output.outcome {
        case .answer(let answer): page.answers.append((position, answer))
        case .failed(let curable, let reason, let imageDownload, let usage):
            if let error = output.error {
                context.openAI.learn(batch.stage, from: error, asked: parameters(of: batch))
                // The lot is not the cause and was not tried. A refused parameter was sent by a process that did not
                // know the model: the next batch goes without it.
                if error.isOfAccount || context.openAI.canGoWithout(error) { return page.heldUp = error }
            }
            var failure = LineFailure(
                position: position, reason: reason, imageDownload: imageDownload, curable: curable)
            if let error = output.error, error.fault.isOfPictures {
                switch batch.stage {
                case .vision:
                    // Images that the provider could not load are sent inline before one is left out.
                    if imageDownload, !batch.inlineImages { break }
                    failure.isOfPictures = true
                    page.refusedPictures.append((position, error))
                case .translation: failure.curable = false
                }
            }
            page.failures.append((failure, usage))
        }
    }
}

/// Lots whose lines were read, each counted once, over both files.
struct LineTally {
    private var completed: Set<Int> = []
    private var failed: Set<Int> = []
    private var skipped = 0
    private var unreadable = 0

    mutating func add(_ line: BatchLines.Line) {
        if line.output.isCompleted {
            completed.insert(line.position)
        } else {
            failed.insert(line.position)
        }
    }

    mutating func add(skipped: Int, unreadable: Int) {
        self.skipped += skipped
        self.unreadable += unreadable
    }

    /// A lot with lines of both kinds counts as completed.
    var read: FilesRead {
        FilesRead(
            completed: completed.count, failed: failed.subtracting(completed).count, skipped: skipped,
            unreadable: unreadable)
    }
}

/// The lines of one answer file that belong to a batch's stage. Frees: the connection, in `close`.
final class BatchLines {
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
    /// Lines without a lot's id so far.
    private(set) var unreadable = 0
    /// Lines that were too long so far.
    var skipped: Int { reader.skippedLines }

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
            guard let output = BatchOutput.read(bytes, fields: fields), let id = BatchCustomID(output.customID) else {
                unreadable += 1
                // A whole page may be unreadable; the caller says so once.
                if unreadable == 1 { ignored() }
                continue
            }
            guard id.stage == stage else {
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
