// Records of the simulated account's requests and of their cost, for tests. Thread: its loop.
import Engine

/// Counters and ledger of one simulator since its start or last reset.
struct Books {
    private(set) var requests: [String: Int] = [:]
    private(set) var replies: [String: Int] = [:]
    /// Every answer that is paid for, in their order.
    private(set) var ledger: [PaidAnswer] = []
    /// Number of answers per custom_id and body, over all batches.
    private var paidLines: [String: Int] = [:]
    /// Number of answers per body of POST /v1/responses.
    private var paidResponses: [String: Int] = [:]
    /// Requests that brought a key to the other host of a `redirect`.
    private(set) var keysElsewhere = 0
    private var busiest: [String: (window: Int, count: Int, most: Int)] = [:]

    private static let shownMax = 100
    /// The time over which the calls of a route are counted for `busiest_10_s`.
    private static let windowSeconds = 10.0

    mutating func request(_ route: String) {
        requests[route, default: 0] += 1
        let window = Int(Monotonic.seconds() / Books.windowSeconds)
        var entry = busiest[route] ?? (window, 0, 0)
        entry.count = entry.window == window ? entry.count + 1 : 1
        entry.window = window
        entry.most = max(entry.most, entry.count)
        busiest[route] = entry
    }

    mutating func reply(_ route: String, _ outcome: String) { replies["\(route) \(outcome)", default: 0] += 1 }
    mutating func keyCameElsewhere() { keysElsewhere += 1 }

    /// Enters an answer; returns its number.
    @discardableResult
    mutating func pay(_ answer: PaidAnswer) -> Int {
        if let id = answer.customID {
            paidLines["\(id) \(answer.digest)", default: 0] += 1
        } else {
            paidResponses[answer.digest, default: 0] += 1
        }
        ledger.append(answer)
        return ledger.count - 1
    }

    /// The client of the call has not got the answer.
    mutating func notDelivered(_ number: Int) {
        if ledger.indices.contains(number) { ledger[number].isDelivered = false }
    }

    /// Custom ids that were answered more than once with the same body.
    var linesPaidTwice: [String] {
        paidLines.filter { $0.value > 1 }.keys.map { String($0.dropLast(17)) }.sorted()
    }

    var responsesPaidTwice: Int { paidResponses.values.reduce(0) { $0 + $1 - 1 } }
    /// The most calls of a route in ten seconds.
    func mostCalls(_ route: String) -> Int { busiest[route]?.most ?? 0 }

    var json: [(String, JSONValue)] {
        let left = ledger.count { $0.customID == nil && !$0.isDelivered }
        return [
            ("requests", Books.counts(requests)), ("replies", Books.counts(replies)),
            ("busiest_10_s", Books.counts(busiest.mapValues(\.most))),
            ("paid_lines", .int(ledger.count { $0.customID != nil })), ("paid_lines_distinct", .int(paidLines.count)),
            ("paid_lines_twice", JSONValue(Array(linesPaidTwice.prefix(Books.shownMax)))),
            ("paid_lines_twice_count", .int(linesPaidTwice.count)),
            ("paid_responses", .int(paidResponses.values.reduce(0, +))),
            ("paid_responses_twice_count", .int(responsesPaidTwice)),
            ("paid_responses_not_delivered", .int(left)),
            ("paid_input_tokens", .int(ledger.reduce(0) { $0 + $1.inputTokens })),
            ("paid_output_tokens", .int(ledger.reduce(0) { $0 + $1.outputTokens })),
            ("keys_elsewhere", .int(keysElsewhere)),
        ]
    }

    private static func counts(_ counts: [String: Int]) -> JSONValue {
        .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })
    }
}
