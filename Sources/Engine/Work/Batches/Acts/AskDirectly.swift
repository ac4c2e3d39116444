// Asks for lots directly, each with its own call: near the deadline, and always if the provider has no batches. I/O
// only. Loop-bound.
import Logging

/// The state of a page while its calls are under way. Loop-bound.
private final class DirectPage {
    var lots = AskedLots()
    /// The database is away, or the lease is lost.
    var failure: (any Error)?
    /// Answers of the page, stored or not yet.
    var answers = 0
    /// Lots that were refused without a known reason.
    var unexplained = 0
    private let hadAnswers: Bool

    init(hadAnswers: Bool) { self.hadAnswers = hadAnswers }

    /// The situation of a call that began when the page had `before` answers.
    func situation(of lot: RemainingLot, since before: Int) -> DirectSituation {
        DirectSituation(
            hasAnswers: hadAnswers || answers > 0, othersAnswered: answers > before, failures: lot.failures,
            unexplained: unexplained)
    }

    /// False once no further lot is asked for.
    var isOpen: Bool { failure == nil && lots.stop == nil }
}

extension LeasedJob {
    /// Most lots per page. A page ends with its slowest call, so it holds many times the number of parallel calls.
    static let directLots = 1000

    /// Inserts the row of a page. It gets a lot with ``intendToAskDirectly(_:_:)``, so that after a crash it names the
    /// lots that may have been paid for, and no other ones.
    func beginPage(_ stage: WorkStage, round: Int) async throws -> ProviderBatch {
        let model = context.openAI.choice(for: stage).current.name
        return try await commit(.askDirectly) { session in
            try await insertBatch(
                stage, round: round, .asking, model: model,
                PlannedLots(positions: [], tokens: 0, inlineImages: false), session)
        }
    }

    /// Writes the intent: the row says that this lot is asked for.
    private func intendToAskDirectly(_ position: Int, _ batch: ProviderBatch) async throws {
        try await commit(.askDirectly) { try await ProviderBatches.add($0, position: position, to: batch.id) }
    }

    /// Returns how many direct calls for each of the lots have lost their answers.
    func lostAnswers(_ stage: WorkStage, _ positions: [Int]) async throws -> [Int: Int] {
        try await ProviderBatches.lostAnswers(
            context.database, job: id, stage: stage, positions: positions, reason: BatchMachine.answerLostReason)
    }

    /// Asks for each lot and stores its result. A lot begins as soon as another one ends.
    /// - Parameters:
    ///   - hasAnswers: the stage has answers from before.
    ///   - isLeaving: whether the instance stops; calls under way end, and no further one begins.
    func askAll(
        _ lots: [RemainingLot], _ batch: ProviderBatch, _ record: JobRecord, hasAnswers: Bool,
        isLeaving: @escaping () -> Bool
    ) async throws -> AskedLots {
        let page = DirectPage(hadAnswers: hasAnswers)
        let turn = LoopBudget(1, on: context.loop)
        let calls = context.calls
        try await context.loop.forEach(lots.count, atMost: calls.most) { index in
            guard page.isOpen, !isLeaving() else { return }
            do {
                let call = try await take(turn)
                var outcome = CallPace.Outcome.other
                defer { calls.give(call, outcome) }
                let isOver = Timestamp.now() >= context.configuration.deadline.end(of: record)
                guard page.isOpen, !isLeaving(), !isOver else { return }
                outcome = try await askDirectly(lots[index], batch, record, page)
            } catch { page.failure = page.failure ?? error }
        }
        if let failure = page.failure { throw failure }
        return page.lots
    }

    /// Takes a place for a call. One call of the job waits at a time, so that a job has one turn among the others.
    private func take(_ turn: LoopBudget) async throws(CancellationError) -> CallPace.PacedCall {
        try await turn.take()
        defer { turn.give() }
        return try await context.calls.take()
    }

    /// Asks for one lot and stores its result.
    private func askDirectly(
        _ lot: RemainingLot, _ batch: ProviderBatch, _ record: JobRecord, _ page: DirectPage
    ) async throws -> CallPace.Outcome {
        let wantsInline = batch.stage == .vision && Rounds.needsInlineImages(lot)
        let isInline = batch.stage == .vision && (wantsInline || context.configuration.imageMode == .inline)
        // Taken for the largest possible images, and reduced to their size once they are there.
        var held = isInline ? min(lot.imageCount * Limits.imageBytes, LineInput.inlineBytesMax) : 0
        if held > 0 { try await context.calls.imageBytes.take(held) }
        defer { context.calls.imageBytes.give(held) }
        guard var input = try await lineInput(batch.stage, position: lot.position, inline: wantsInline, record)
        else { return .other }
        let size = min(held, input.inlineBytes)
        context.calls.imageBytes.give(held - size)
        held = size

        var result = CollectedPage()
        var outcome = CallPace.Outcome.other
        if input.lacksImages {
            result.failures.append((.withoutImages(lot.position), nil))
        } else {
            let before = page.answers
            let left = context.configuration.deadline.end(of: record) - Timestamp.now()
            try await intendToAskDirectly(lot.position, batch)
            CrashPoint.directAsking.pass()
            do throws(OpenAIError) {
                let answer = try await ask(&input, seconds: min(Self.askSeconds, max(1, left)), record)
                result.answers.append((lot.position, answer))
                outcome = .answered
                page.answers += 1
            } catch {
                outcome = CallPace.Outcome(error)
                if page.situation(of: lot, since: before).endsPage(with: error) {
                    page.lots.stop = page.lots.stop ?? error
                    return outcome
                }
                if AskFailure(error) == .unexplained { page.unexplained += 1 }
                result.failures.append((LineFailure(lot.position, error, wasInline: input.isInline), error.usage))
            }
            CrashPoint.directAnswered.pass()
        }
        if let correction = input.correction {
            try await surely(record) {
                try await commit(.images) { try await ImageWork.correct($0, job: id, [correction]) }
            }
        }
        let collected = result
        try await surely(record) { try await store(collected, batch, record) }
        page.lots.answered += collected.answers.count
        page.lots.failed += collected.failures.count
        return outcome
    }
}
