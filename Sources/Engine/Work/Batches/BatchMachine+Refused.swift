// Verdicts on uploads and creations that were refused for certain: nothing is at the provider. Pure.

extension BatchMachine {
    /// Abandoned provider batches of a round up to which a file that is too large is cut in two: 190 MB in parts of
    /// less than 1 MB.
    static let sizeCutsMax = 256

    /// The provider, or somebody before it, has refused the file.
    static func uploadRefused(_ batch: ProviderBatch, _ error: OpenAIError, _ facts: BatchFacts) -> BatchVerdict {
        switch error.fault {
        case .lot:
            if batch.lines == 1 { return abandon(batch, because: error.reason) }
            guard facts.cuts < sizeCutsMax else { return insist(batch, to: .planned, because: error, facts) }
            return halve(batch, because: error.reason)
        case .picture, .pictures, .form, .model, .account, .between:
            return insist(batch, to: .planned, because: error, facts)
        case .service: return postpone(batch, to: .planned, because: error, facts)
        }
    }

    /// Waits for the operator: the same request would be refused again. The job says why it waits, and tries a few
    /// times an hour, so that it goes on by itself.
    static func insist(
        _ batch: ProviderBatch, to state: ProviderBatchState, because error: OpenAIError, _ facts: BatchFacts
    ) -> BatchVerdict {
        let least = facts.stubbornWait(after: batch.failures + 1)
        var verdict = postpone(batch, to: state, because: error, atLeast: least, facts)
        if error.isWithoutEndpoint {
            let call = state == .planned ? "POST /files" : "POST /batches"
            verdict.message = .says("\(error.reason). Does the provider at OPENAI_BASE_URL have \(call)?")
        }
        return verdict
    }
}

extension BatchFacts {
    /// Failures in a row after which a refusal that only the operator can cure is met rarely; about ten minutes.
    static let quickTries = 15
    /// Lots answered directly for a stage, after which a batch that is held up is followed by a wait.
    static let quickHoldUps = 5
    /// Time between two such tries, seconds.
    static let stubbornSeconds = 600.0

    /// Seconds to wait at least after `failures` refusals that only the operator can cure.
    func stubbornWait(after failures: Int) -> Double { failures > Self.quickTries ? Self.stubbornSeconds : 0 }

    /// Seconds to wait after a batch was held up: one lot is answered each time and yet no batch of them, and this must
    /// not go round and round.
    var holdUpWait: Double {
        let more = provenAsks - Self.quickHoldUps
        return more > 0 ? max(wait(after: more), stubbornWait(after: more)) : 0
    }
}

extension OpenAIError {
    /// The reply says that nothing is at this address.
    var isWithoutEndpoint: Bool {
        switch kind {
        case .api(let status, _, _): BatchEndpoint.missingStatuses.contains(status) || (300..<400).contains(status)
        case .quota, .modelNotFound, .rateLimited, .unavailable, .timedOut, .refused, .incomplete, .malformed,
            .sourceFailed, .cancelled:
            false
        }
    }
}
