// The faults to inject, as JSON: at the start (`--faults`) or at run time (`POST /_sim/faults`). Values; any thread.
// docs/LOADTEST.md lists every fault with its members.
//
//   {"seed": 7,
//    "routes":  [{"route": "POST /v1/batches", "fault": "lost_reply", "times": 1},
//                {"route": "POST /v1/responses", "fault": "error", "status": 429, "retry_after": 2, "times": 3},
//                {"route": "*", "fault": "slow", "seconds": 2, "probability": 0.1}],
//    "lines":   [{"fault": "missing", "contains": "car/7", "attempts": 1}, {"fault": "refusal", "probability": 0.01}],
//    "batches": [{"fault": "fail", "code": "token_limit_exceeded", "times": 2},
//                {"fault": "expire", "fraction": 0.5, "times": 1}, {"fault": "fail", "max_lines": 1, "times": 1}],
//    "models":  [{"model": "gpt-4o-mini", "refuses": ["temperature"], "max_output_tokens": 16384}],
//    "fail_image_substring": "bad", "enqueued_tokens": 2000000, "shutdown": ["o4-mini"]}
//
// Entries of a list are tried in order; the first that applies counts. `times` limits the strikes, the seed decides
// `probability`. `POST /_sim/faults` replaces the members that it names and leaves the others.
import Engine

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
    var models: [ModelRule] = []
    var failImageSubstring: String?
    /// nil: no limit.
    var enqueuedTokens: Int?
    var shutDown: [String] = []
    private var rolls = 0

    /// The models of the account under this plan.
    var catalog: ModelCatalog { ModelCatalog(shutDown: Set(shutDown), rules: models) }

    /// The faults of one moment of a request on `route`: any number that leave the request its way, then at most one
    /// that ends it. Their `seconds` are drawn.
    /// - Parameter applies: false for faults whose condition the request does not meet; these do not count.
    mutating func strike(
        route: String, at moment: RouteFault.Moment, _ applies: (RouteFault) -> Bool = { _ in true }
    ) -> [RouteFault] {
        var struck: [RouteFault] = []
        for index in routes.indices where routes[index].route == "*" || routes[index].route == route {
            guard routes[index].moment == moment, applies(routes[index]) else { continue }
            rolls += 1
            guard routes[index].odds.strike(Hashing.fraction("\(seed):\(rolls):\(route)")) else { continue }
            var fault = routes[index]
            if let most = fault.secondsMax {
                fault.seconds += (most - fault.seconds) * Hashing.fraction("\(seed):\(rolls):seconds")
            }
            struck.append(fault)
            if !fault.kind.leavesItsWay { break }
        }
        return struck
    }

    /// The fault of one line; `seen` is how often the same body has run before. Depends on `id` and the seed, but not
    /// on the order.
    mutating func strike(line text: [UInt8], id: String, seen: Int, pictures: [PictureReference]) -> LineFault? {
        for index in lines.indices {
            let fault = lines[index]
            if let attempts = fault.attempts, seen >= attempts { continue }
            if let needle = fault.contains, !ByteSearch.contains(text, needle) { continue }
            if fault.kind == .picture, fault.part(of: pictures) == nil { continue }
            if lines[index].odds.strike(Hashing.fraction("\(seed):\(index):\(id)")) { return fault }
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
