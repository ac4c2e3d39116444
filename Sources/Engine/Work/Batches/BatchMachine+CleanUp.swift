// Verdicts once the job has ended: everything at the provider is taken back (C4.3), and its cost until then is booked
// (C5.9). The job's own row stays as it is. Pure.

extension BatchMachine {
    static func afterEnd(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        if case .givenUp = outcome, batch.state.isOpen { return forget(batch) }
        if case .failed(let error) = outcome, batch.state.isOpen { return cleanUpFailed(batch, error, facts) }
        return switch batch.state {
        case .uploading: try afterLookingForUploads(batch, outcome)
        case .creating: try afterLookingForBatches(batch, outcome, facts)
        case .submitted: try afterTakingBack(batch, outcome, facts)
        case .ended: try afterBooking(batch, outcome)
        case .asking, .planned, .uploaded, .collected, .abandoned: throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// Closes a batch of which nothing is at work at the provider any more. The `FileSweeper` deletes its files.
    private static func forget(_ batch: ProviderBatch) -> BatchVerdict {
        var verdict = BatchVerdict(.cleanUp, batch, to: .abandoned)
        verdict.move.error = jobEndedReason
        return verdict
    }

    /// A 404 under the batch's own key proves that there is nothing to take back.
    private static func cleanUpFailed(_ batch: ProviderBatch, _ error: OpenAIError, _ facts: BatchFacts) -> BatchVerdict
    {
        if batch.state == .submitted, error.isMissing, !isHidden(batch, from: facts.account, facts.now) {
            return forget(batch)
        }
        return postpone(batch, because: error.reason, atLeast: error.retryAfter ?? 0, facts)
    }

    private static func afterLookingForUploads(
        _ batch: ProviderBatch, _ outcome: BatchOutcome
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .foundUpload: return forget(batch)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .admitted, .othersTurn, .noFile,
            .created, .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .failed,
            .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// The first listed batch becomes the row's batch, so that it is taken back and booked.
    private static func afterLookingForBatches(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .listed(let objects):
            if let first = objects.first {
                var verdict = BatchVerdict(.stray, batch, to: .submitted)
                verdict.move.batchID = first.id
                verdict.move.providerStatus = "\(first.status)"
                return verdict
            }
            let age = facts.now - (batch.intentAt ?? Timestamp(microseconds: 0))
            let isHidden = isHidden(batch, from: facts.account, facts.now)
            let left = isHidden ? facts.longestWaitSeconds : facts.settleSeconds - age
            guard left > 0 else { return forget(batch) }
            var verdict = BatchVerdict(.settle, batch, to: .creating)
            verdict.move.failures = batch.failures
            verdict.move.waitSeconds = left
            return verdict
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .status, .queueFull, .recalled, .noBatch, .collected, .booked, .failed,
            .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// The batch is cancelled, and the row waits for its end: only then is its cost known.
    private static func afterTakingBack(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .status(let object), .recalled(let object):
            if object.failure != nil { return forget(batch) }
            if object.status.isEnded {
                var verdict = polled(batch, object, facts)
                verdict.message = .unchanged
                return verdict
            }
            return recalled(.recall, batch, object, facts)
        case .queueFull, .noBatch: return forget(batch)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .collected, .booked, .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// Books tokens only, because the job's lots have ended.
    private static func afterBooking(
        _ batch: ProviderBatch, _ outcome: BatchOutcome
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .booked(let usage):
            var verdict = BatchVerdict(.book, batch, to: .collected)
            verdict.usage = usage
            return verdict
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .collected, .failed,
            .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }
}
