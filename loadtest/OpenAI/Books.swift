// Records of the simulated account's requests and of their cost, for tests. Thread: its loop.
import Engine

/// Counters of one simulator since its start or last reset.
struct Books {
    private(set) var requests: [String: Int] = [:]
    private(set) var replies: [String: Int] = [:]
    /// Number of answers per custom_id and body, over all batches.
    private(set) var paidLines: [String: Int] = [:]
    private(set) var paidLineCount = 0
    /// Number of answers per body of POST /v1/responses.
    private(set) var paidResponses: [String: Int] = [:]
    private(set) var uploads = 0

    private static let shownMax = 100

    mutating func request(_ route: String) { requests[route, default: 0] += 1 }
    mutating func reply(_ route: String, _ outcome: String) { replies["\(route) \(outcome)", default: 0] += 1 }

    mutating func pay(customID: String, batch: String, body: JSONValue) {
        paidLineCount += 1
        paidLines["\(customID) \(Hashing.hex(body.bytes, digits: 16))", default: 0] += 1
    }

    mutating func pay(response body: [UInt8]) { paidResponses[Hashing.hex(body, digits: 16), default: 0] += 1 }

    /// Custom ids that were answered more than once with the same body.
    var linesPaidTwice: [String] {
        paidLines.filter { $0.value > 1 }.keys.map { String($0.dropLast(17)) }.sorted()
    }

    var responsesPaidTwice: Int { paidResponses.values.reduce(0) { $0 + $1 - 1 } }

    var json: [(String, JSONValue)] {
        [
            ("requests", Books.counts(requests)), ("replies", Books.counts(replies)),
            ("paid_lines", .int(paidLineCount)), ("paid_lines_distinct", .int(paidLines.count)),
            ("paid_lines_twice", JSONValue(Array(linesPaidTwice.prefix(Books.shownMax)))),
            ("paid_lines_twice_count", .int(linesPaidTwice.count)),
            ("paid_responses", .int(paidResponses.values.reduce(0, +))),
            ("paid_responses_twice_count", .int(responsesPaidTwice)),
        ]
    }

    private static func counts(_ counts: [String: Int]) -> JSONValue {
        .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })
    }
}
