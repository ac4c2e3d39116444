// Verdicts that several states have. Pure.

extension BatchMachine {
    /// The batch or its file could not be read.
    static func unanswered(_ batch: ProviderBatch, _ error: OpenAIError, _ facts: BatchFacts) -> BatchVerdict {
        error.isMissing ? denied(batch, error, facts) : postpone(batch, because: error, facts)
    }

    /// Gives the batch up; its lots are planned again.
    static func abandon(_ batch: ProviderBatch, because reason: String) -> BatchVerdict {
        var verdict = BatchVerdict(.abandon, batch, to: .abandoned)
        verdict.move.error = reason
        return verdict
    }

    /// Replaces the batch by two.
    static func halve(_ batch: ProviderBatch, because reason: String) -> BatchVerdict {
        var verdict = BatchVerdict(.halve, batch, to: .abandoned)
        verdict.move.error = reason
        verdict.isHalved = true
        return verdict
    }

    /// The account cannot run the batch for now, and its lines count as not tried. The job waits and shows the reason.
    static func holdUp(
        _ batch: ProviderBatch, because error: OpenAIError, _ facts: BatchFacts
    ) -> BatchVerdict {
        var verdict = BatchVerdict(.holdUp, batch, to: .abandoned)
        verdict.move.error = error.reason
        verdict.move.isHeldUp = true
        verdict.move.waitSeconds = facts.holdUpWait
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

    static func postponeHidden(_ batch: ProviderBatch, _ facts: BatchFacts) -> BatchVerdict {
        var verdict = postpone(batch, because: hiddenReason, facts)
        verdict.message = .says(hiddenReason)
        return verdict
    }
}
