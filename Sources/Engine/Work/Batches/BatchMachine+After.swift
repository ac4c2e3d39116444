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
    static let answerLostReason = "The direct answer was lost"
    static let jobEndedReason = "The job has ended"
    static let strayReason = "The batch's answers are not needed any more"

    /// Decides the verdict on `outcome`. Every verdict is one of ``moves``, or keeps the row's state.
    /// - Throws: ``IllegalOutcome`` for an outcome that no act of the batch's state has.
    public static func after(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        if case .looked(let found) = outcome { return try afterLooking(batch, found, facts) }
        // Nobody waits for a stray's answers, as after the job's end.
        if facts.jobHasEnded || batch.isStray { return try afterEnd(batch, outcome, facts) }
        if case .givenUp(let why) = outcome, batch.state.isOpen { return givenUp(batch, why, facts) }
        return switch batch.state {
        case .asking: try afterAsking(batch, outcome, facts)
        case .planned: try afterBuilding(batch, outcome, facts)
        case .uploading: try afterUploading(batch, outcome, facts)
        case .uploaded: try beforeCreating(batch, outcome, facts)
        case .creating: try afterCreating(batch, outcome, facts)
        case .submitted: try afterPolling(batch, outcome, facts)
        case .ended: try afterCollecting(batch, outcome, facts)
        case .collected, .abandoned: throw IllegalOutcome(batch.state, outcome)
        }
    }

    private static func givenUp(_ batch: ProviderBatch, _ why: GiveUp, _ facts: BatchFacts) -> BatchVerdict {
        switch batch.state {
        case .submitted, .ended: return letGo(batch, because: reason(why))
        case .asking, .planned, .uploading, .uploaded, .creating, .collected, .abandoned:
            var verdict = abandon(batch, because: reason(why))
            // Its batch may still turn up.
            if batch.state == .creating || batch.lostCreations > 0 {
                verdict.move.look = .after(settleSeconds(batch, facts))
            }
            return verdict
        }
    }

    private static func reason(_ why: GiveUp) -> String {
        switch why {
        case .answerLost: answerLostReason
        case .deadlineNear: "The job's deadline was near"
        case .batchesOff: "Batches were switched off"
        case .jobEnded: jobEndedReason
        }
    }

    // MARK: asking

    private static func afterAsking(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .answered(let position, let answer):
            var verdict = BatchVerdict(.answers, batch, to: .collected)
            verdict.page.answers = [(position, answer)]
            verdict.message = .cleared
            return verdict
        case .askFailed(let position, let error): return askFailed(batch, position, error, facts)
        case .askedAll(let lots): return askedAll(batch, lots)
        case .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn, .noFile, .created, .creationFailed,
            .listed, .status, .queueFull, .recalled, .noBatch, .gone, .collected, .booked, .looked, .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
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
            .givenUp, .gone, .looked:
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
            if error.mayHaveArrived { return postpone(batch, because: error, facts) }
            return uploadRefused(batch, error, facts)
        case .foundUpload(let file):
            var verdict = BatchVerdict(.review, batch, to: file == nil ? .planned : .uploaded)
            verdict.move.file = file
            // Uploads whose replies cannot be read must not follow each other without a pause.
            if file == nil { verdict.move.failures = batch.failures }
            return verdict
        case .failed(let error): return postpone(batch, because: error, facts)
        case .answered, .askFailed, .askedAll, .built, .admitted, .othersTurn, .noFile, .created, .creationFailed,
            .listed, .status, .queueFull, .recalled, .noBatch, .gone, .collected, .booked, .looked, .givenUp:
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
            .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .gone, .collected, .booked, .looked,
            .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    private static func afterCreating(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .created(let object): return adopt(object, batch, facts)
        case .creationFailed(let error): return creationFailed(batch, error, facts)
        case .listed(let objects): return listed(objects, batch, facts)
        // Without the list nothing is sent.
        case .failed(let error):
            return error.isWithoutEndpoint
                ? insist(batch, to: .creating, because: error, facts) : postpone(batch, because: error, facts)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .status, .queueFull, .recalled, .noBatch, .gone, .collected, .booked, .looked, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    private static func creationFailed(
        _ batch: ProviderBatch, _ error: OpenAIError, _ facts: BatchFacts
    ) -> BatchVerdict {
        // The row stays `creating`: `findBatch` looks for the batch before anything is sent again.
        if error.mayHaveArrived {
            var verdict = postpone(batch, because: error.reason, facts)
            verdict.move.endsAttempt = true
            return verdict
        }
        // A gateway's refusal says nothing: the provider may have made the batch behind it.
        if !error.isFromProvider, error.isRefusal {
            var verdict = insist(batch, to: .creating, because: error, facts)
            verdict.move.endsAttempt = true
            return verdict
        }
        switch error.fault {
        case .lot, .picture, .pictures:
            let setbacks = batch.setbacks + 1
            if setbacks > setbacksMax {
                var verdict = abandon(batch, because: error.reason)
                verdict.message = .says(error.reason)
                if batch.lostCreations > 0 { verdict.move.look = .after(settleSeconds(batch, facts)) }
                return verdict
            }
            var verdict = postpone(batch, to: .planned, because: error, atLeast: facts.wait(after: setbacks), facts)
            verdict.move.setbacks = setbacks
            return verdict
        case .model:
            var verdict = holdUp(batch, because: error, facts)
            if batch.lostCreations > 0 { verdict.move.look = .after(settleSeconds(batch, facts)) }
            return verdict
        case .form, .account, .between: return insist(batch, to: .uploaded, because: error, facts)
        case .service: return postpone(batch, to: .uploaded, because: error, facts)
        }
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
        case .recalled(let object):
            return isTakenBack(object) ? recalled(.lateRecall, batch, object, facts) : polled(batch, object, facts)
        case .failed(let error): return unanswered(batch, error, facts)
        case .gone(let error):
            var verdict = abandon(batch, because: error.reason)
            verdict.message = .says(error.reason)
            verdict.move.look = .after(settleSeconds(batch, facts))
            return verdict
        case .noBatch: return postpone(batch, to: .uploaded, because: "no batch", facts)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .collected, .booked, .looked, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    static func polled(_ batch: ProviderBatch, _ object: BatchObject, _ facts: BatchFacts) -> BatchVerdict {
        if object.status.isEnded, lacksFiles(object),
            let seconds = secondsToReread(batch, isCounted: object.counts != nil, facts)
        {
            return reread(batch, because: noFilesReason, after: seconds)
        }
        var verdict = BatchVerdict(.poll, batch, to: object.status.isEnded ? .ended : .submitted)
        verdict.move.providerStatus = "\(object.status)"
        verdict.move.outputFile = object.outputFileID
        verdict.move.errorFile = object.errorFileID
        verdict.move.waitSeconds = object.status.isEnded ? 0 : facts.pollSeconds
        verdict.move.counts = object.status.isEnded ? object.counts : nil
        (verdict.move.denials, verdict.move.shortReads) = (0, 0)
        verdict.message = .cleared
        verdict.move.keepsError = true
        return verdict
    }

    /// True if the provider has accepted a cancellation, or there is nothing left to cancel. A provider that refuses
    /// with 409 shows a batch that runs on: it is cancelled again.
    static func isTakenBack(_ object: BatchObject) -> Bool { object.status == .cancelling || object.status.isEnded }

    static func recalled(
        _ name: Commit, _ batch: ProviderBatch, _ object: BatchObject, _ facts: BatchFacts
    ) -> BatchVerdict {
        var verdict = BatchVerdict(name, batch, to: .submitted)
        verdict.move.failures = batch.failures
        verdict.move.providerStatus = "\(object.status)"
        verdict.move.isRecalled = true
        verdict.move.denials = 0
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
        case .quota: return holdUp(batch, because: OpenAIError(.quota), facts)
        case .modelNotFound: return holdUp(batch, because: OpenAIError(.modelNotFound), facts)
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
        case .collected(let heldUp, let read):
            if let reread = rereadIfShort(batch, read, facts) { return reread }
            if let heldUp { return holdUp(batch, because: heldUp, facts) }
            var verdict = BatchVerdict(.collected, batch, to: .collected)
            if batch.failures + batch.shortReads > 0 { verdict.message = .cleared }
            return verdict
        case .failed(let error): return unanswered(batch, error, facts)
        // The readable answers are stored; the lots of the others are planned again.
        case .gone(let error):
            var verdict = BatchVerdict(.collected, batch, to: .collected)
            verdict.move.error = error.reason
            return verdict
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .booked, .looked,
            .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }
}
