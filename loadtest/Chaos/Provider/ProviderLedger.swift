// The verdict of the provider's ledger on some jobs: what was paid twice, lost, or not booked. Pure; any thread.

import Engine

/// A description or a translation of one lot.
struct LotAnswer: Hashable {
    let mark: String
    let isTranslation: Bool
}

/// The part of the ledger that concerns some lots.
struct ProviderLedger {
    private(set) var entries: [LotAnswer: [PaidAnswer]] = [:]
    /// Answers of no known lot.
    private(set) var unknown = 0
    private(set) var inputTokens = 0
    private(set) var outputTokens = 0

    /// - Parameter isOurs: whether a lot counts, by its mark.
    init(_ paid: [PaidAnswer], isOurs: (String) -> Bool) {
        // A translation names its description by the reference only.
        var marks: [String: String] = [:]
        for answer in paid { if let mark = answer.mark, !answer.isTranslation { marks[answer.reference] = mark } }
        for answer in paid {
            guard let mark = answer.isTranslation ? marks[answer.reference] : answer.mark else {
                unknown += 1
                continue
            }
            guard isOurs(mark) else { continue }
            entries[LotAnswer(mark: mark, isTranslation: answer.isTranslation), default: []].append(answer)
            guard answer.isDelivered else { continue }
            inputTokens += answer.inputTokens
            outputTokens += answer.outputTokens
        }
    }

    var lines: Int { entries.values.joined().count { $0.batch != nil } }
    var calls: Int { entries.values.joined().count { $0.batch == nil } }

    /// Usable answers beyond the first of each lot and stage.
    var paidTwice: Int { entries.values.reduce(0) { $0 + max(0, $1.count(where: \.isUsable) - 1) } }

    /// Of these, those on lines of batches.
    var linesPaidTwice: Int {
        entries.values.reduce(0) { $0 + max(0, $1.count { $0.isUsable && $0.batch != nil } - 1) }
    }

    /// The most answers of one lot and stage, usable or not.
    var mostOfOne: Int { entries.values.map(\.count).max() ?? 0 }

    /// Lots and stages with a usable answer, delivered or not, of which `isStored` knows nothing.
    func lost(_ isStored: (LotAnswer) -> Bool) -> [LotAnswer] {
        entries.filter { answer, paid in paid.contains(where: \.isUsable) && !isStored(answer) }.keys
            .sorted { ($0.mark, $0.isTranslation ? 1 : 0) < ($1.mark, $1.isTranslation ? 1 : 0) }
    }
}

/// Batches with the same lots.
enum BatchDoubles {
    /// The number of batches beyond the first with the same metadata or the same lines. Failed ones cost nothing.
    static func count(_ state: JSONValue, since first: Int) -> Int {
        let batches = (state["batches"]?.array ?? []).dropFirst(first).filter { $0["status"] != "failed" }
        func beyond(_ key: String) -> Int {
            Dictionary(grouping: batches) { $0[key]?.text ?? "" }
                .filter { !["", "\"\"", "null"].contains($0.key) }.values.reduce(0) { $0 + $1.count - 1 }
        }
        return max(beyond("metadata"), beyond("input_digest"))
    }
}
