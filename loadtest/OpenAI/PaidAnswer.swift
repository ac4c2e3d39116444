// One answer in the ledger of the simulated account. A value; any thread.
import Engine

/// An answer that ran and is paid for, whether or not its client got it.
public struct PaidAnswer: Sendable {
    /// The batch of a line; nil for a call of `POST /v1/responses`.
    public internal(set) var batch: String?
    /// The batch's metadata; null for a call.
    public internal(set) var metadata = JSONValue.null
    /// Of a line; nil for a call.
    public internal(set) var customID: String?
    public let model: String
    /// Sixteen hex digits of the SHA-256 of the request's body.
    public let digest: String
    /// The reference of a description (`SimulatedAnswer`, rule 2); of a translation, that of its description.
    public let reference: String
    public let isTranslation: Bool
    /// The word after `OpenAIOptions.ledgerMark` in the request; nil if the request does not have it.
    public let mark: String?
    public let inputTokens: Int
    public let outputTokens: Int
    /// True if a client that reads the answer as the specification says gets a text from it.
    public let isUsable: Bool
    /// Seconds since 1970, by the simulator's clock.
    public let at: Double
    /// False for a line in neither file, and for a call whose client had left or whose reply was lost.
    public internal(set) var isDelivered = true

    var json: JSONValue {
        [
            "batch": JSONValue(batch), "metadata": metadata, "custom_id": JSONValue(customID), "model": .string(model),
            "digest": .string(digest), "reference": .string(reference), "translation": .bool(isTranslation),
            "mark": JSONValue(mark), "input_tokens": .int(inputTokens), "output_tokens": .int(outputTokens),
            "usable": .bool(isUsable), "at": .double(at), "delivered": .bool(isDelivered),
        ]
    }
}

extension PaidAnswer {
    /// The word of letters, digits, `_` and `-` that follows `mark` in `text`.
    static func word(after mark: String?, in text: [UInt8]) -> String? {
        guard let mark, let at = ByteSearch.first(Array(mark.utf8), in: text) else { return nil }
        let word = text[(at + mark.utf8.count)...].prefix {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }
}
