// Verdicts on direct calls. A lot may be asked for ahead of its stage: its answer is used; its failure may save the
// rest of the stage, and must not hold it up. Pure.

extension BatchMachine {
    /// Tries for one lot that meets a passing trouble, before another lot is asked for.
    static let asksPerLot = 3
    /// Asks in a row that proved nothing, before the stage goes on without an answer.
    static let asksMax = 9
    /// Lots in a row that are refused without a known reason, before the form of the request counts as the reason.
    static let unexplainedMax = 3

    static func askFailed(
        _ batch: ProviderBatch, _ position: Int, _ error: OpenAIError, _ facts: BatchFacts
    ) -> BatchVerdict {
        switch AskFailure(error) {
        case .lot: return refusedLot(batch, LineFailure(position, error, wasInline: batch.inlineImages), error)
        case .unexplained:
            if facts.unexplainedAsks + 1 >= unexplainedMax { return stop(batch, error) }
            var verdict = refusedLot(batch, LineFailure(position, error, wasInline: batch.inlineImages), error)
            (verdict.move.setbacks, verdict.move.refusals) = (1, 1)
            return verdict
        case .oversized:
            var failure = LineFailure(position, error, wasInline: batch.inlineImages)
            failure.curable = true
            var verdict = refusedLot(batch, failure, error)
            verdict.move.setbacks = 1
            return verdict
        case .unknown: return abandon(batch, because: error.reason)
        case .passing:
            var verdict = BatchVerdict(.dropAsking, batch, to: .abandoned)
            verdict.move.setbacks = 1
            verdict.move.error = error.reason
            verdict.move.waitSeconds = max(error.retryAfter ?? 0, facts.wait(after: facts.vainAsks + 1))
            verdict.message = .says(error.reason)
            return verdict
        case .account:
            var verdict = BatchVerdict(.dropAsking, batch, to: .asking)
            verdict.removesRow = true
            verdict.message = .says(error.reason)
            verdict.then = .pause(error)
            return verdict
        case .never: return stop(batch, error)
        }
    }

    private static func refusedLot(
        _ batch: ProviderBatch, _ failure: LineFailure, _ error: OpenAIError
    ) -> BatchVerdict {
        var verdict = BatchVerdict(.answers, batch, to: .collected)
        verdict.page.failures = [(failure, error.usage)]
        return verdict
    }

    /// Every line would be refused: the stage stops before a batch is made.
    private static func stop(_ batch: ProviderBatch, _ error: OpenAIError) -> BatchVerdict {
        var verdict = abandon(batch, because: error.reason)
        verdict.isOurMistake = true
        verdict.then = .failOpenLots(error.reason)
        return verdict
    }

    /// A page of lots was asked for. A row without any result is removed: a provider that refuses all calls for a day
    /// would leave thousands.
    static func askedAll(_ batch: ProviderBatch, _ lots: AskedLots) -> BatchVerdict {
        guard let stop = lots.stop else {
            var verdict = BatchVerdict(.collected, batch, to: .collected)
            verdict.message = .cleared
            return verdict
        }
        if [.never, .unexplained].contains(AskFailure(stop)) { return self.stop(batch, stop) }
        let isEmpty = lots.answered + lots.failed == 0
        var verdict = BatchVerdict(isEmpty ? .dropAsking : .collected, batch, to: isEmpty ? .asking : .collected)
        verdict.removesRow = isEmpty
        verdict.message = .says(stop.reason)
        verdict.then = .pause(stop)
        return verdict
    }

    // MARK: What the rows say about the asks

    /// The rows of lots that were asked for ahead of the stage and failed in a way that proves nothing about others,
    /// since the last one that proved something and the last batch that was held up.
    /// - Parameter batches: of one stage.
    static func vainAsks(_ batches: [ProviderBatch]) -> [ProviderBatch] {
        let start = max(provenAsks(batches).map(\.sequence).max() ?? 0, lastHeldUp(batches)?.sequence ?? 0)
        return batches.filter { $0.round == 0 && !$0.isHeldUp && $0.setbacks > 0 && $0.sequence > start }
    }

    /// Lots that were asked for ahead of the stage, with an outcome that lets the stage go on.
    static func provenAsks(_ batches: [ProviderBatch]) -> [ProviderBatch] {
        batches.filter { $0.round == 0 && !$0.isHeldUp && $0.setbacks == 0 && !$0.state.isOpen }
    }

    private static func lastHeldUp(_ batches: [ProviderBatch]) -> ProviderBatch? {
        batches.filter(\.isHeldUp).max { $0.sequence < $1.sequence }
    }

    /// Whether one lot is asked for before the others are planned: none has proved anything yet, or the account has
    /// held batches up since. A lot that proves nothing gives its place to another, a bounded number of times.
    /// - Returns: the latest row that says when; nil if the stage goes on.
    static func askBefore(_ batches: [ProviderBatch]) -> ProviderBatch? {
        let proof = provenAsks(batches).map(\.sequence).max() ?? 0
        let trouble = lastHeldUp(batches).flatMap { $0.sequence > proof ? $0 : nil }
        let isFirst = proof == 0 && batches.allSatisfy { $0.round == 0 }
        let vain = vainAsks(batches)
        guard trouble != nil || isFirst, vain.count < asksMax else { return nil }
        return vain.last ?? trouble
    }

    /// The lot to ask for: each lot has a few tries. Lots without a failure come first, because a lot that failed
    /// before says less about the others.
    static func choose(among lots: [RemainingLot], vainAsks: Int) -> RemainingLot? {
        let hopeful = lots.filter { !Rounds.isHopeless($0) }
        let fresh = hopeful.filter { $0.failures == 0 }
        let choice = fresh.isEmpty ? hopeful : fresh
        return choice.isEmpty ? nil : choice[(vainAsks / asksPerLot) % choice.count]
    }
}
