// The faults to inject, as JSON: at the start (`--faults`) or at run time (`POST /_sim/faults`). Values; any thread.
//
//   {"seed": 7,
//    "routes":  [{"route": "POST /v1/batches", "fault": "lost_reply", "times": 1},
//                {"route": "POST /v1/responses", "fault": "status", "status": 429, "retry_after": 2, "times": 3},
//                {"route": "*", "fault": "slow", "seconds": 2, "probability": 0.1}],
//    "lines":   [{"fault": "missing", "contains": "car/7", "attempts": 1}, {"fault": "refusal", "probability": 0.01}],
//    "batches": [{"fault": "fail", "code": "token_limit_exceeded", "times": 2},
//                {"fault": "expire", "fraction": 0.5, "times": 1}, {"fault": "fail", "max_lines": 1, "times": 1}],
//    "fail_image_substring": "bad", "enqueued_tokens": 2000000, "shutdown": ["o4-mini"]}
//
// Entries of a list are tried in order; the first that applies counts. `times` limits the strikes, the seed decides
// `probability`. `POST /_sim/faults` replaces the members that it names and leaves the others.
import Engine

/// The fault of a request on a route.
public enum RouteFaultKind: String, Sendable, CaseIterable {
    /// Answers `status` in the error shape, with `code`, `retry_after` and `message`, without acting.
    case status
    /// Answers `status` with an HTML page, as a proxy does, without acting.
    case html
    /// Waits `seconds`, then continues (also with later entries of the list).
    case slow
    /// Acts, then closes the connection without a reply.
    case lostReply = "lost_reply"
    /// Acts, then delays the reply by `seconds`.
    case lateReply = "late_reply"
    /// Closes the connection without acting.
    case drop
    /// Acts, then closes the connection in the middle of the reply.
    case truncated
}

struct RouteFault: Sendable {
    var route: String
    var kind: RouteFaultKind
    var status = 500
    var code: String?
    var message: String?
    var retryAfter: Double?
    var seconds = 1.0
    var odds = FaultOdds()
}

/// The fault of a line of a batch; those of `AnswerFault` strike `POST /v1/responses` as well.
public enum LineFaultKind: Sendable, Equatable {
    case answer(AnswerFault)
    /// Neither file mentions the line.
    case missing
    /// The line stands twice in the output file.
    case doubled
    /// The output has an additional line with a custom_id of no request.
    case unknownID
    /// An error line with `status`; on `POST /v1/responses` an error reply.
    case error(status: Int)
}

struct LineFault: Sendable {
    var kind: LineFaultKind
    /// Strikes only requests whose text (custom_id included) contains this.
    var contains: String?
    /// Strikes only the first this many times that the same request body is seen; nil: always.
    var attempts: Int?
    var odds = FaultOdds()
}

/// The fault of a whole batch.
public enum BatchFaultKind: String, Sendable, CaseIterable {
    /// Stays in progress until its 24 hours are over.
    case stuck
    /// Expires instead of completing.
    case expire
    /// Fails in validation with `code`.
    case fail
    /// Is cancelled from outside, as by another user of the account.
    case cancel
}

struct BatchFault: Sendable {
    var kind: BatchFaultKind
    var code = "token_limit_exceeded"
    /// The part of the lines done before `stuck`, `expire` or `cancel` struck.
    var fraction = 0.5
    /// Strikes only batches with this many lines, when they have been counted; nil: any batch, when it is created.
    var lines: ClosedRange<Int>?
    var odds = FaultOdds()

    /// True if it may strike now; `count` is the batch's number of lines, nil at creation.
    func isDecided(_ count: Int?) -> Bool {
        guard let lines else { return count == nil }
        return count.map(lines.contains) ?? false
    }
}

/// Limits how often an entry strikes. Mutable state of the plan: counts down.
struct FaultOdds: Sendable {
    var times: Int?
    var probability = 1.0

    /// True if it strikes now; `dice` in 0..<1.
    mutating func strike(_ dice: Double) -> Bool {
        guard dice < probability else { return false }
        guard let left = times else { return true }
        guard left > 0 else { return false }
        times = left - 1
        return true
    }
}

/// The whole plan with its counters.
struct FaultPlan: Sendable {
    var seed = 1
    var routes: [RouteFault] = []
    var lines: [LineFault] = []
    var batches: [BatchFault] = []
    var failImageSubstring: String?
    /// nil: no limit.
    var enqueuedTokens: Int?
    var shutDown: [String] = []
    private var rolls = 0

    /// The faults that strike a request on `route`: any number of `slow`, then at most one other.
    mutating func strike(route: String) -> [RouteFault] {
        var struck: [RouteFault] = []
        for index in routes.indices where routes[index].route == "*" || routes[index].route == route {
            rolls += 1
            guard routes[index].odds.strike(Hashing.fraction("\(seed):\(rolls):\(route)")) else { continue }
            struck.append(routes[index])
            if routes[index].kind != .slow { break }
        }
        return struck
    }

    /// The fault of one line; `seen` is how often the same body has run before. Depends on `id` and the seed, but not
    /// on the order.
    mutating func strike(line text: [UInt8], id: String, seen: Int) -> LineFaultKind? {
        for index in lines.indices {
            let fault = lines[index]
            if let attempts = fault.attempts, seen >= attempts { continue }
            if let needle = fault.contains, !ByteSearch.contains(text, needle) { continue }
            if lines[index].odds.strike(Hashing.fraction("\(seed):\(index):\(id)")) { return fault.kind }
        }
        return nil
    }

    /// The fault of a batch at its creation, or later, of one that has `lines` lines.
    mutating func strike(batch id: String, lines: Int? = nil) -> BatchFault? {
        for index in batches.indices where batches[index].isDecided(lines) {
            if batches[index].odds.strike(Hashing.fraction("\(seed):\(index):\(id)")) { return batches[index] }
        }
        return nil
    }
}
