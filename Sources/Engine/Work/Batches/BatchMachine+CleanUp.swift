// Verdicts once nobody needs a batch's answers: its job has ended, or it is a stray. Everything at the provider is
// taken back (C4.3), and its cost until then is booked (C5.9). The job's own row stays as it is. Pure.

extension BatchMachine {
    static func afterEnd(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        if case .givenUp = outcome, batch.state.isOpen { return forget(batch, facts) }
        if case .failed(let error) = outcome, batch.state.isOpen { return cleanUpFailed(batch, error, facts) }
        return switch batch.state {
        case .uploading: try afterLookingForUploads(batch, outcome, facts)
        case .creating: try afterLookingForBatches(batch, outcome, facts)
        case .submitted: try afterTakingBack(batch, outcome, facts)
        case .ended: try afterBooking(batch, outcome, facts)
        case .asking, .planned, .uploaded, .collected, .abandoned: throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// Closes a batch of which nothing is at work at the provider any more. The `FileSweeper` deletes its files.
    static func forget(_ batch: ProviderBatch, _ facts: BatchFacts) -> BatchVerdict {
        var verdict = BatchVerdict(.cleanUp, batch, to: .abandoned)
        verdict.move.error = facts.jobHasEnded ? jobEndedReason : strayReason
        // The batch of an earlier, lost creation may still turn up.
        if batch.state == .uploaded, batch.lostCreations > 0 {
            verdict.move.look = .after(settleSeconds(batch, facts))
        }
        return verdict
    }

    /// The batch or its file could not be read, cancelled or listed.
    private static func cleanUpFailed(_ batch: ProviderBatch, _ error: OpenAIError, _ facts: BatchFacts) -> BatchVerdict
    {
        var verdict = unanswered(batch, error, facts)
        verdict.message = .unchanged
        return verdict
    }

    private static func afterLookingForUploads(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .foundUpload: return forget(batch, facts)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .admitted, .othersTurn, .noFile,
            .created, .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .gone, .collected, .booked,
            .looked, .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    private static func afterLookingForBatches(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .listed(let objects): return listedAfterEnd(objects, batch, facts)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .status, .queueFull, .recalled, .noBatch, .gone, .collected, .booked,
            .looked, .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    /// The batch is cancelled, and the row waits for its end: only then is its cost known.
    private static func afterTakingBack(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .status(let object), .recalled(let object): return takenBack(batch, object, facts)
        case .queueFull, .noBatch, .gone: return forget(batch, facts)
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .collected, .booked, .looked, .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }

    private static func takenBack(_ batch: ProviderBatch, _ object: BatchObject, _ facts: BatchFacts) -> BatchVerdict {
        // A failed batch did nothing, unless it has a file.
        if object.failure != nil, object.outputFileID == nil, object.errorFileID == nil { return forget(batch, facts) }
        var verdict: BatchVerdict
        if batch.isRecalled || object.status == .cancelling, !object.status.isEnded {
            verdict = recalled(.recall, batch, object, facts)
        } else {
            verdict = polled(batch, object, facts)
        }
        verdict.message = .unchanged
        return verdict
    }

    /// Books tokens only, because nobody needs the answers.
    private static func afterBooking(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ facts: BatchFacts
    ) throws(IllegalOutcome) -> BatchVerdict {
        switch outcome {
        case .booked(let usage, let read):
            if var verdict = rereadIfShort(batch, read, facts) {
                verdict.message = .unchanged
                return verdict
            }
            var verdict = BatchVerdict(.book, batch, to: .collected)
            verdict.usage = usage
            return verdict
        case .answered, .askFailed, .askedAll, .built, .uploaded, .uploadFailed, .foundUpload, .admitted, .othersTurn,
            .noFile, .created, .creationFailed, .listed, .status, .queueFull, .recalled, .noBatch, .gone, .collected,
            .looked, .failed, .givenUp:
            throw IllegalOutcome(batch.state, outcome)
        }
    }
}
