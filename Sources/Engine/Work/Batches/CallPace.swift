// How many direct calls one loop makes at the same time: the operator's bound, lowered while the provider is
// overloaded. Pure.

/// Halves its limit after a sign of overload and raises it by one after as many answers as the limit, as TCP does.
/// Calls that began before a reduction do not cause another one.
struct CallPace {
    /// A call under way.
    struct PacedCall: Equatable {
        fileprivate let reductions: Int
    }

    enum Outcome {
        case answered
        /// A rate limit, a time-out, or an overloaded server.
        case overloaded
        /// Says nothing about the provider's load.
        case other
    }

    /// The operator's bound, at least 1.
    let most: Int
    /// The present bound, 1 ... ``most``.
    private(set) var limit: Int
    private(set) var running = 0
    private var reductions = 0
    private var answers = 0

    init(most: Int) {
        self.most = max(1, most)
        limit = self.most
    }

    /// Returns nil if the call has to wait.
    mutating func begin() -> PacedCall? {
        guard running < limit else { return nil }
        running += 1
        return PacedCall(reductions: reductions)
    }

    mutating func end(_ call: PacedCall, _ outcome: Outcome) {
        precondition(running > 0, "a call ended that had not begun")
        running -= 1
        switch outcome {
        case .answered:
            answers += 1
            guard answers >= limit else { return }
            answers = 0
            limit = min(most, limit + 1)
        case .overloaded:
            guard call.reductions == reductions else { return }
            reductions += 1
            answers = 0
            limit = max(1, limit / 2)
        case .other: break
        }
    }
}

extension CallPace.Outcome {
    /// The outcome of a call that failed.
    init(_ error: OpenAIError) {
        self =
            switch error.kind {
            case .rateLimited, .timedOut: .overloaded
            case .api(let status, _, _): [503, 529].contains(status) ? .overloaded : .other
            case .quota, .modelNotFound, .unavailable, .refused, .incomplete, .malformed, .sourceFailed, .cancelled:
                .other
            }
    }
}
