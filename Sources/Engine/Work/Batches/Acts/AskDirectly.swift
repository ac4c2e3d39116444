// Asks for lots directly near the deadline, a few at a time: no batch would end in time. I/O only. Loop-bound.
import Logging

extension LeasedJob {
    /// Lots asked for at the same time; fewer if their images are in memory.
    static let directLots = 16
    private static let directLotsInline = 2

    /// Writes the intent: a row says that these lots are asked for.
    func intendToAskDirectly(
        _ page: [RemainingLot], _ stage: WorkStage, round: Int, _ record: JobRecord
    ) async throws -> ProviderBatch {
        let inline = stage == .vision && page.contains(where: Rounds.needsInlineImages)
        let model = context.openAI.choice(for: stage).current.name
        return try await commit(.askDirectly) { session in
            try await insertBatch(
                stage, round: round, .asking, model: model,
                PlannedLots(positions: page.map(\.position), tokens: 0, inlineImages: inline), session)
        }
    }

    /// Returns how many direct calls for each of the lots have lost their answers.
    func lostAnswers(_ stage: WorkStage, _ positions: [Int]) async throws -> [Int: Int] {
        try await ProviderBatches.lostAnswers(
            context.database, job: id, stage: stage, positions: positions, reason: BatchMachine.answerLostReason)
    }

    /// Asks for each lot and stores its result.
    func askAll(_ page: [RemainingLot], _ batch: ProviderBatch, _ record: JobRecord) async throws -> BatchOutcome {
        var passing: OpenAIError?
        var failure: (any Error)?
        let isInline = batch.inlineImages || context.configuration.imageMode == .inline
        try await context.loop.forEach(
            page.count, atMost: isInline ? Self.directLotsInline : Self.directLots
        ) { index in
            // The database is away, or the lease is lost: no further lot is asked for.
            if failure != nil { return }
            do {
                if let error = try await askDirectly(page[index].position, batch, record) { passing = error }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return .askedAll(passing: passing)
    }

    /// Asks for one lot and stores its result.
    /// - Returns: the error if nothing was done and the lot may be asked for again.
    private func askDirectly(
        _ position: Int, _ batch: ProviderBatch, _ record: JobRecord
    ) async throws -> OpenAIError? {
        guard var input = try await lineInput(batch.stage, position: position, inline: batch.inlineImages, record)
        else { return nil }
        var page = CollectedPage()
        if input.lacksImages {
            let failure = LineFailure(
                position: position, reason: LineInput.noImages, imageDownload: false, curable: false)
            page.failures.append((failure, nil))
        } else {
            let left = context.configuration.deadline.end(of: record) - Timestamp.now()
            CrashPoint.directAsking.pass()
            do throws(OpenAIError) {
                let answer = try await ask(&input, seconds: min(Self.askSeconds, max(1, left)), record)
                page.answers.append((position, answer))
            } catch {
                if AskFailure(error).wasNotTried { return error }
                page.failures.append((LineFailure(position, error, wasInline: batch.inlineImages), error.usage))
            }
            CrashPoint.directAnswered.pass()
        }
        if let correction = input.correction {
            try await surely(record) {
                try await commit(.images) { try await ImageWork.correct($0, job: id, [correction]) }
            }
        }
        let outcome = page
        try await surely(record) { try await store(outcome, batch, record) }
        return nil
    }
}
