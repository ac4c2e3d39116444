// ended -> collected: stores the answers of a batch, streamed, by `custom_id`. Order is arbitrary; lines may be
// missing, doubled or unknown; both files may hold either kind. Collecting the same files again changes nothing.
// Loop-bound.
import Logging

/// Some lines' worth of outcomes.
struct CollectedPage {
    var answers: [(position: Int, answer: ModelAnswer)] = []
    var failures: [(failure: LineFailure, usage: Usage?)] = []
    var bytes = 0
    /// Why the account could not run some of the lines.
    var heldUp: OpenAIError?

    /// Text held at a time, bytes.
    static let bytesMax = 4 * 1024 * 1024
}

extension JobRunner {
    func collect(_ batch: ProviderBatch, _ job: JobRecord) async throws {
        let positions = Set(try await ProviderBatches.positions(context.database, batch: batch.id))
        var heldUp: OpenAIError?
        for file in [batch.outputFileID, batch.errorFileID] {
            guard let file else { continue }
            do { heldUp = try await collect(file, batch, positions, job) ?? heldUp } catch let error as OpenAIError {
                var reason = error.reason
                if case .api(404, _, _) = error.kind {
                    guard isHidden(batch) else { return try await abandon(batch, because: reason) }
                    reason = Self.hiddenReason
                }
                try await tell(reason)
                return try await postpone(batch, because: reason, atLeast: error.retryAfter ?? 0)
            }
        }
        if let heldUp {
            try await holdUp(batch, because: heldUp)
        } else {
            try await store(CollectedPage(), batch, job, ending: true)
        }
        succeeded(batch)
        log.info("Background worker: batch collected", metadata: ["batch": "\(batch.batchID ?? "")"])
    }

    private func collect(
        _ file: String, _ batch: ProviderBatch, _ positions: Set<Int>, _ job: JobRecord
    ) async throws -> OpenAIError? {
        let fields = fields(of: batch.stage, job)
        CrashPoint.outputOpening.pass()
        let reader = try await context.openAI.openFile(file)
        CrashPoint.outputOpened.pass()
        defer { reader.cancel() }
        var page = CollectedPage()
        var heldUp: OpenAIError?
        while let line = try await reader.next() {
            guard let output = BatchOutput.read(line, fields: fields), let id = BatchCustomID(output.customID),
                id.stage == batch.stage, positions.contains(id.position)
            else {
                log.warning("a line that nobody asked for was ignored", metadata: ["file": "\(file)"])
                continue
            }
            add(output, position: id.position, batch, to: &page)
            page.bytes += line.count
            let count = page.answers.count + page.failures.count
            if count >= context.configuration.collectPageLines || page.bytes >= CollectedPage.bytesMax {
                try await store(page, batch, job, ending: false)
                heldUp = page.heldUp ?? heldUp
                page = CollectedPage()
            }
        }
        try await store(page, batch, job, ending: false)
        return page.heldUp ?? heldUp
    }

    private func add(_ output: BatchOutput, position: Int, _ batch: ProviderBatch, to page: inout CollectedPage) {
        switch output.outcome {
        case .answer(let answer): page.answers.append((position, answer))
        case .failed(let curable, let reason, let imageDownload, let usage):
            if let error = output.error {
                context.openAI.learn(batch.stage, from: error, asked: parameters(of: batch))
                // The lot has done nothing wrong, and was not tried.
                if error.isOfAccount { return page.heldUp = error }
            }
            let failure = LineFailure(
                position: position, reason: reason, imageDownload: imageDownload,
                curable: curable && !(imageDownload && batch.inlineImages))
            page.failures.append((failure, usage))
        }
    }

    /// One transaction: results, usage, ends and counts; with `ending` the batch's own end as well.
    func store(_ page: CollectedPage, _ batch: ProviderBatch, _ job: JobRecord, ending: Bool) async throws {
        let page = page.cleaned()
        let spent = try await commit { session in
            let results = page.answers.map { self.result($0.position, $0.answer, batch.stage, job) }
            let new = try await StoreResults.run(session, job: job.id, stage: .init(batch.stage), results)
            let failed = try await LineFailures.store(
                session, batch: batch, job: job.id, page.failures.map(\.failure))
            let spent = try await self.book(page, new: new, failed: failed, batch, session)
            if batch.stage == .translation || job.translatedLanguages.isEmpty {
                try await self.end(self.ends(page, new, batch.stage), of: job, session)
            }
            if ending { try await ProviderBatchMoves.move(session, batch: batch.id, to: .collected) }
            CrashPoint.answersCommitting.pass()
            return spent
        }
        CrashPoint.answersCommitted.pass()
        // A canary's were counted when it was asked.
        if batch.state != .canary { context.openAI.spent(spent, on: batch.model) }
    }

    private func result(_ position: Int, _ answer: ModelAnswer, _ stage: WorkStage, _ job: JobRecord) -> StageResult {
        switch stage {
        case .vision:
            let text = answer[VisionRequest.fields[0]] ?? ""
            return StageResult(position: position, succeeded: true, payload: text)
        case .translation:
            let texts = job.translatedLanguages.map { ($0, JSONValue.string(answer[$0] ?? "")) }
            return StageResult(position: position, succeeded: true, payload: JSONValue.object(texts).text)
        }
    }

    private func ends(_ page: CollectedPage, _ new: Set<Int>, _ stage: WorkStage) -> [LotEnd] {
        page.answers.filter { new.contains($0.position) }.map { position, answer in
            var end = LotEnd(position: position, error: nil)
            if stage == .translation {
                for (language, text) in answer.fields { end.translations[language] = text }
            }
            return end
        }
    }

    private func book(
        _ page: CollectedPage, new: Set<Int>, failed: Set<Int>, _ batch: ProviderBatch, _ session: DatabaseSession
    ) async throws -> Usage {
        var spent: [String: Usage] = [:]
        var counted: Set<Int> = []
        for (position, answer) in page.answers where new.contains(position) && counted.insert(position).inserted {
            spent[answer.model, default: .zero] = spent[answer.model, default: .zero] + answer.usage
        }
        var failedOnce: Set<Int> = []
        for (failure, usage) in page.failures
        where failed.contains(failure.position) && failedOnce.insert(failure.position).inserted {
            spent[batch.model, default: .zero] = spent[batch.model, default: .zero] + (usage ?? .zero)
        }
        for (model, usage) in spent.sorted(by: { $0.key < $1.key }) {
            try await BookUsage.run(session, job: lease.job, model: model, input: usage.input, output: usage.output)
        }
        return spent.values.reduce(.zero, +)
    }
}

extension CollectedPage {
    /// What a model returns is cleaned once, before anything is made of it (C2.4).
    fileprivate func cleaned() -> CollectedPage {
        var page = self
        for index in page.answers.indices {
            page.answers[index].answer.fields = answers[index].answer.fields.map { ($0.0, DamageHTML.clean($0.1)) }
        }
        return page
    }
}
