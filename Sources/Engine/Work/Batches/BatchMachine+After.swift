// Verdicts on outcomes: one function per state, exhaustive, no default. They decide what is paid for again, so each
// line has its transcript in WorkTests/BatchMachineTests. Pure.

extension BatchMachine {
    /// Creations of a provider batch that may be refused with 400 or 404, or come to nothing for a passing reason,
    /// before its lots are planned again.
    static let setbacksMax = 5
    /// Once a round has this many abandoned provider batches, none is cut in two: enough cuts to find a few unreadable
    /// lines among 50,000.
    static let cutsMax = 64
    /// Once a round has ``cutsMax`` cuts, a provider batch of at most this many lines waits for a full queue, however
    /// long that takes, and is not cut again.
    static let smallLines = 32

    static let queueFullReason = "OpenAI's queue of batches is full"
    static let hiddenReason = "The batch was made with another OpenAI key, and this one does not see it"
    static let notRunReason = "OpenAI could not run the batch"
    static let othersTurnReason = "It is others' turn"
    static let jobEndedReason = "The job has ended"

    /// Decides the verdict on `outcome`. Every verdict is one of ``moves``, or keeps the row's state.
    /// - Throws: ``IllegalOutcome`` for an outcome that no act of the batch's state has.
    public static func after(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        if facts.jobHasEnded { return try afterEnd(batch, outcome, facts) }
        if case .givenUp(let why) = outcome, batch.state.isOpen { return abandon(batch, because: reason(why)) }
        return switch batch.state {
        case .asking: try afterAsking(batch, outcome)
        case .planned: try afterBuilding(batch, outcome, facts)
        case .uploading: try afterUploading(batch, outcome, facts)
        case .uploaded: try beforeCreating(batch, outcome, facts)
        case .creating: try afterCreating(batch, outcome, facts)
        case .submitted: try afterPolling(batch, outcome, facts)
        case .ended: try afterCollecting(batch, outcome, facts)
        case .collected, .abandoned: throw IllegalOutcome(batch.state, outcome)
        }
    }

    private static func reason(_ why: GiveUp) -> String {
        switch why {
        case .answerLost: "The direct answer was lost"
        case .deadlineNear: "The job's deadline was near"
        case .jobEnded: jobEndedReason
        }
    }

    // MARK: asking

    private static func afterAsking(
        _ batch: ProviderBatch, _ outcome: BatchOutcome
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .answered(let position, let answer):
            var verdict = BatchVerdict(.answers, batch, to: .collected)
            verdict.page.answers = [(position, answer)]
            verdict.message = .cleared
            return verdict
        case .askFailed(let position, let error): return askFailed(batch, position, error)
        case .askedAll(let passing):
            var verdict = BatchVerdict(.collected, batch, to: .collected)
            verdict.message = passing.map { .says($0.reason) } ?? .cleared
            if let passing { verdict.then = .pause(passing) }
            return verdict
        case .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn, .noFile, .created, .creationFailed,
            .listed, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// The lot was asked for ahead of its stage; its failure may save the rest of the stage.
    private static func askFailed(_ batch: ProviderBatch, _ position: Int, _ error: OpenAIError) -> BatchVerdict {
        switch AskFailure(error) {
        case .lot:
            var verdict = BatchVerdict(.answers, batch, to: .collected)
            verdict.page.failures = [(LineFailure(position, error, wasInline: batch.inlineImages), error.usage)]
            return verdict
        case .unknown: return abandon(batch, because: error.reason)
        case .later:
            var verdict = BatchVerdict(.dropAsking, batch, to: .asking)
            verdict.removesRow = true
            verdict.message = .says(error.reason)
            verdict.then = .pause(error)
            return verdict
        case .never:
            var verdict = abandon(batch, because: error.reason)
            verdict.isOurMistake = true
            verdict.then = .failOpenLots(error.reason)
            return verdict
        }
    }

    // MARK: planned, uploading

    private static func afterBuilding(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .built(let positions, let bytes):
            if positions.isEmpty { return abandon(batch, because: "None of its lots could be sent") }
            var verdict = BatchVerdict(.uploadIntent, batch, to: .uploading)
            verdict.move.failures = batch.failures
            verdict.move.account = facts.account
            verdict.move.positions = positions
            verdict.move.bytes = bytes
            return verdict
        case .answered, .askFailed, .askedAll, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn, .noFile,
            .created, .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .failed,
            .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    private static func afterUploading(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .uploaded(let file):
            var verdict = BatchVerdict(.file, batch, to: .uploaded)
            verdict.move.file = file
            return verdict
        case .uploadFailed(let error):
            // A lost reply leaves a file at the provider; `findUpload` finds it by its name.
            return postpone(batch, to: error.mayHaveArrived ? .uploading : .planned, because: error, facts)
        case .foundUpload(let file):
            var verdict = BatchVerdict(.review, batch, to: file == nil ? .planned : .uploaded)
            verdict.move.file = file
            return verdict
        case .failed(let error): return postpone(batch, because: error, facts)
        case .answered, .askFailed, .askedAll, .built, .admitted, .othersTurn, .noFile, .created, .creationFailed,
            .listed, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    // MARK: uploaded, creating

    private static func beforeCreating(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .admitted:
            var verdict = BatchVerdict(.createIntent, batch, to: .creating)
            verdict.move.failures = batch.failures
            verdict.move.account = facts.account
            return verdict
        case .othersTurn:
            var verdict = BatchVerdict(.postpone, batch, to: .uploaded)
            verdict.move.failures = batch.failures
            verdict.move.error = othersTurnReason
            verdict.isQuiet = true
            verdict.move.waitSeconds = facts.pollSeconds
            return verdict
        case .noFile: return postpone(batch, to: .planned, because: "no file", facts)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .created,
            .creationFailed,
            .listed, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    private static func afterCreating(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .created(let object): return adopt(object, batch, facts)
        case .creationFailed(let error): return creationFailed(batch, error, facts)
        case .listed(let objects):
            if let first = objects.first { return adopt(first, batch, facts) }
            return settle(batch, facts)
        // Without the list nothing is sent.
        case .failed(let error): return postpone(batch, because: error, facts)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    private static func adopt(_ object: BatchObject, _ batch: ProviderBatch, _ facts: BatchFacts) -> BatchVerdict {
        var verdict = BatchVerdict(.batch, batch, to: .submitted)
        verdict.move.batchID = object.id
        verdict.move.providerStatus = "\(object.status)"
        verdict.move.waitSeconds = facts.pollSeconds
        verdict.namesBatch = true
        return verdict
    }

    private static func creationFailed(
        _ batch: ProviderBatch, _ error: OpenAIError, _ facts: BatchFacts
    ) -> BatchVerdict {
        // The row stays `creating`: `findBatch` looks for the batch before anything is sent again.
        if error.mayHaveArrived { return postpone(batch, because: error.reason, facts) }
        switch error.kind {
        case .api(400, _, _), .api(404, _, _):
            let setbacks = batch.setbacks + 1
            if setbacks > setbacksMax {
                var verdict = abandon(batch, because: error.reason)
                verdict.message = .says(error.reason)
                return verdict
            }
            var verdict = postpone(batch, to: .planned, because: error, atLeast: facts.wait(after: setbacks), facts)
            verdict.move.setbacks = setbacks
            return verdict
        case .api, .quota, .modelNotFound, .rateLimited, .unavailable, .timedOut, .refused, .incomplete, .malformed,
            .sourceFailed, .cancelled:
            return postpone(batch, to: .uploaded, because: error, facts)
        }
    }

    /// The provider lists no batch of this row. After the settling time this proves that there is none.
    private static func settle(_ batch: ProviderBatch, _ facts: BatchFacts) -> BatchVerdict {
        if isHidden(batch, from: facts.account, facts.now) { return postponeHidden(batch, facts) }
        let age = facts.now - (batch.intentAt ?? Timestamp(microseconds: 0))
        let left = facts.settleSeconds - age
        var verdict = BatchVerdict(.settle, batch, to: left > 0 ? .creating : .uploaded)
        if left > 0 { verdict.move.failures = batch.failures }
        verdict.move.waitSeconds = max(0, left)
        return verdict
    }

    // MARK: submitted

    private static func afterPolling(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .status(let object):
            if let failure = object.failure { return failed(batch, failure, facts) }
            return polled(batch, object, facts)
        case .queueFull(let others): return queueIsFull(batch, others: others, facts)
        case .recalled(let object): return recalled(.lateRecall, batch, object, facts)
        case .failed(let error): return missing(batch, error, facts)
        case .noBatch: return postpone(batch, to: .uploaded, because: "no batch", facts)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .collected, .booked, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    static func polled(_ batch: ProviderBatch, _ object: BatchObject, _ facts: BatchFacts) -> BatchVerdict {
        var verdict = BatchVerdict(.poll, batch, to: object.status.isEnded ? .ended : .submitted)
        verdict.move.providerStatus = "\(object.status)"
        verdict.move.outputFile = object.outputFileID
        verdict.move.errorFile = object.errorFileID
        verdict.move.waitSeconds = object.status.isEnded ? 0 : facts.pollSeconds
        verdict.message = .cleared
        verdict.move.keepsError = true
        return verdict
    }

    static func recalled(
        _ name: Commit, _ batch: ProviderBatch, _ object: BatchObject, _ facts: BatchFacts
    ) -> BatchVerdict {
        var verdict = BatchVerdict(name, batch, to: .submitted)
        verdict.move.failures = batch.failures
        verdict.move.providerStatus = "\(object.status)"
        verdict.move.isRecalled = true
        verdict.move.keepsError = true
        verdict.move.waitSeconds = object.status.isEnded ? 0 : facts.pollSeconds
        return verdict
    }

    /// A failed batch did nothing. Its lines are sent again unchanged. This does not count as one of their attempts
    /// unless the batch is given up: then its round counts.
    private static func failed(
        _ batch: ProviderBatch, _ failure: BatchObject.Failure, _ facts: BatchFacts
    ) -> BatchVerdict {
        switch failure {
        case .queueFull: return queueIsFull(batch, others: nil, facts)
        case .quota: return holdUp(batch, because: OpenAIError(.quota))
        case .modelNotFound: return holdUp(batch, because: OpenAIError(.modelNotFound))
        case .passing:
            let setbacks = batch.setbacks + 1
            if setbacks > setbacksMax { return abandon(batch, because: notRunReason) }
            var verdict = postpone(
                batch, to: .uploaded, because: notRunReason, atLeast: facts.pollSeconds, facts)
            verdict.move.setbacks = setbacks
            return verdict
        case .refused(let reason):
            // One line that the provider cannot read must not cost the others; halving finds it.
            let isCut = batch.lines > 1 && facts.cuts < cutsMax
            var verdict = isCut ? halve(batch, because: reason) : abandon(batch, because: reason)
            verdict.isOurMistake = true
            return verdict
        }
    }

    private static func queueIsFull(_ batch: ProviderBatch, others: Int?, _ facts: BatchFacts) -> BatchVerdict {
        // With nothing else in the queue, this batch is too large.
        let isSmall = batch.lines == 1 || (facts.cuts >= cutsMax && batch.lines <= smallLines)
        var verdict: BatchVerdict
        if let others, others <= 0, !isSmall {
            verdict = halve(batch, because: queueFullReason)
        } else {
            let refusals = batch.refusals + 1
            let least = max(facts.pollSeconds, facts.wait(after: refusals))
            verdict = postpone(batch, to: .uploaded, because: queueFullReason, atLeast: least, facts)
            verdict.move.refusals = refusals
        }
        verdict.message = .says(queueFullReason)
        return verdict
    }

    // MARK: ended

    private static func afterCollecting(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .collected(let heldUp):
            return heldUp.map { holdUp(batch, because: $0) } ?? BatchVerdict(.collected, batch, to: .collected)
        case .failed(let error): return missing(batch, error, facts)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .booked, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    // MARK: Verdicts that several states have

    /// The batch or its file could not be read. A 404 under the batch's own key means that it is gone.
    private static func missing(_ batch: ProviderBatch, _ error: OpenAIError, _ facts: BatchFacts) -> BatchVerdict {
        guard error.isMissing else { return postpone(batch, because: error, facts) }
        if isHidden(batch, from: facts.account, facts.now) { return postponeHidden(batch, facts) }
        return abandon(batch, because: error.reason)
    }

    /// Gives the batch up; its lots are planned again.
    static func abandon(_ batch: ProviderBatch, because reason: String) -> BatchVerdict {
        var verdict = BatchVerdict(.abandon, batch, to: .abandoned)
        verdict.move.error = reason
        return verdict
    }

    /// Replaces the batch by two.
    private static func halve(_ batch: ProviderBatch, because reason: String) -> BatchVerdict {
        var verdict = BatchVerdict(.halve, batch, to: .abandoned)
        verdict.move.error = reason
        verdict.isHalved = true
        return verdict
    }

    /// The account cannot run the batch for now, and its lines count as not tried. The job waits and shows the reason.
    private static func holdUp(_ batch: ProviderBatch, because error: OpenAIError) -> BatchVerdict {
        var verdict = BatchVerdict(.holdUp, batch, to: .abandoned)
        verdict.move.error = error.reason
        verdict.move.isHeldUp = true
        verdict.message = .says(error.reason)
        return verdict
    }

    /// Postpones after a provider error: the job shows the error, and the wait obeys its `Retry-After`.
    static func postpone(
        _ batch: ProviderBatch, to state: ProviderBatchState? = nil, because error: OpenAIError,
        atLeast seconds: Double = 0, _ facts: BatchFacts
    ) -> BatchVerdict {
        let least = max(seconds, error.retryAfter ?? 0)
        var verdict = postpone(batch, to: state, because: error.reason, atLeast: least, facts)
        verdict.message = .says(error.reason)
        return verdict
    }

    /// Postpones by a wait that grows with the failures in a row.
    static func postpone(
        _ batch: ProviderBatch, to state: ProviderBatchState? = nil, because reason: String,
        atLeast seconds: Double = 0, _ facts: BatchFacts
    ) -> BatchVerdict {
        var verdict = BatchVerdict(.postpone, batch, to: state ?? batch.state)
        verdict.move.failures = batch.failures + 1
        verdict.move.waitSeconds = max(seconds, facts.wait(after: verdict.move.failures))
        verdict.move.error = reason
        return verdict
    }

    private static func postponeHidden(_ batch: ProviderBatch, _ facts: BatchFacts) -> BatchVerdict {
        var verdict = postpone(batch, because: hiddenReason, facts)
        verdict.message = .says(hiddenReason)
        return verdict
    }
}
