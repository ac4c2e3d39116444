// Near the deadline lots are asked for directly, a few at a time: no batch would end in time. Loop-bound.
import Logging

extension JobRunner {
    /// Lots asked for together; with their images in memory, fewer at the same moment.
    private static let directLots = 16
    private static let directLotsInline = 2
    /// Seconds for one lot with all its retries.
    private static let directSeconds = 300.0

    /// One page of lots. Their row says that they are being asked for before they are: after a crash they count as not
    /// answered, and are asked for again.
    func askDirectly(_ stage: WorkStage, round: Int, _ job: JobRecord) async throws {
        let page = try await read {
            try await RemainingLots.page(
                $0, job: job.id, stage: stage, positions: 0..<job.totalLots, limit: Self.directLots)
        }
        if page.isEmpty { return try await advance(from: stage, job) }
        let hopeless = page.filter { !$0.curable || $0.failures >= JobMachine.maxRounds }
        guard hopeless.isEmpty else {
            try await fail(hopeless, stage, job)
            return try await advanceIfDone(stage, job)
        }
        // The last attempt sends the images along, as in a batch.
        let inline =
            stage == .vision
            && page.contains { $0.imageDownloadFailed || $0.failures == JobMachine.maxRounds - 1 }
        let batch = try await directBatch(stage, round: round, page.map(\.position), inline: inline)
        var passing: OpenAIError?
        let isInline = inline || context.configuration.imageMode == .inline
        try await paying {
            try await self.context.loop.forEach(
                page.count, atMost: isInline ? Self.directLotsInline : Self.directLots
            ) { index in
                do {
                    try await self.ask(page[index].position, batch, job)
                } catch let error as OpenAIError {
                    passing = error
                } catch {
                    // The database is away, or the lease is lost: the row's end below meets the same.
                    self.log.warning("Background worker: direct call failed", metadata: ["error": "\(error)"])
                }
            }
        }
        try await store(CollectedPage(), batch, job, ending: true)
        guard let passing else { return try await tell(nil) }
        // Nothing was done for some of them: again after a while.
        try await tell(passing.reason)
        throw passing
    }

    private func directBatch(
        _ stage: WorkStage, round: Int, _ positions: [Int], inline: Bool
    ) async throws -> ProviderBatch {
        let model = context.openAI.choice(for: stage).current.name
        let id = try await commit { session in
            let id = try await ProviderBatches.insert(
                session, job: self.lease.job, stage: stage, round: round, state: .canary, model: model,
                account: self.context.account, PlannedLots(positions: positions, tokens: 0, inlineImages: inline))
            CrashPoint.directCommitting.pass()
            return id
        }
        CrashPoint.directCommitted.pass()
        return ProviderBatch(
            id: id, stage: stage, round: round, sequence: 0, state: .canary, model: model, inlineImages: inline)
    }

    /// Stores what came of it.
    /// - Throws: `OpenAIError` if nothing did, and the lot may be asked for again; what the database says.
    private func ask(_ position: Int, _ batch: ProviderBatch, _ job: JobRecord) async throws {
        guard let input = try await lineInput(batch.stage, position: position, inline: batch.inlineImages, job)
        else { return }
        var page = CollectedPage()
        if input.stage == .vision, input.images.isEmpty {
            let failure = LineFailure(
                position: position, reason: LineInput.noImages, imageDownload: false, curable: false)
            page.failures.append((failure, nil))
        } else {
            let left = context.configuration.deadline.end(of: job) - Timestamp.now()
            CrashPoint.directAsking.pass()
            do throws(OpenAIError) {
                let answer = try await context.openAI.ask(
                    batch.stage, fields: fields(of: batch.stage, job),
                    deadlineSeconds: min(Self.directSeconds, max(1, left))
                ) { parameters in self.body(of: input, parameters, job) }
                page.answers.append((position, answer.answer))
            } catch {
                page.failures.append((try failure(of: position, error, batch), error.usage))
            }
            CrashPoint.directAnswered.pass()
        }
        if let correction = input.correction {
            try await commit {
                try await ImageWork.correct($0, job: job.id, [correction])
                CrashPoint.imagesCommitting.pass()
            }
            CrashPoint.imagesCommitted.pass()
        }
        let outcome = page
        try await surely { try await self.store(outcome, batch, job, ending: false) }
    }

    /// What the error says of the lot; thrown on if it says nothing of it.
    private func failure(
        of position: Int, _ error: OpenAIError, _ batch: ProviderBatch
    ) throws(OpenAIError) -> LineFailure {
        switch CanaryVerdict(error) {
        case .later: throw error
        case .lot, .unknown, .never:
            let isCurable = error.curable && !(error.imageDownload && batch.inlineImages)
            return LineFailure(
                position: position, reason: error.reason, imageDownload: error.imageDownload, curable: isCurable)
        }
    }
}
