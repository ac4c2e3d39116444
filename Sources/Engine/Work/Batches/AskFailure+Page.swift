// Meaning of a failed direct call among others of the same stage: their answers show whether the lot or the provider is
// the cause. Pure.

/// The facts about a stage when one of its direct calls fails.
struct DirectSituation: Equatable {
    /// Lots of the stage were answered before: a refusal of the form is the lot's own.
    var hasAnswers: Bool
    /// Another lot was answered while the call was under way.
    var othersAnswered = false
    /// Attempts of the lot that failed before.
    var failures = 0
    /// Other lots that were refused without a known reason, in the same page.
    var unexplained = 0

    /// Whether the page ends with the failure, which then does not count as one of the lot's attempts.
    func endsPage(with error: OpenAIError) -> Bool {
        switch AskFailure(error) {
        case .lot, .oversized, .unknown: false
        case .unexplained: !hasAnswers && unexplained + 1 >= BatchMachine.unexplainedMax
        case .never: !hasAnswers
        case .passing: !isLotsOwn(error)
        case .account: true
        }
    }

    /// The provider fails with this lot while it answers others. Without this, one such lot would hold its job until
    /// the deadline. Other server errors (502, 503, 504) come from overload, which passes.
    private func isLotsOwn(_ error: OpenAIError) -> Bool {
        guard case .api(500, _, _) = error.kind else { return false }
        return othersAnswered || failures > 0
    }
}
