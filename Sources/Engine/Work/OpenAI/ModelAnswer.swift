// Answers of a model. Values; any thread.

extension Usage {
    /// More than any answer uses. Larger numbers are capped, because the sum over a job's answers must not overflow.
    static let tokensMax = 1_000_000_000

    /// Parses the `usage` member of a response leniently, also with the names of Chat Completions: one absent or
    /// invalid number counts as zero. nil if both are absent: then the cost is unknown.
    init?(_ value: JSONValue?) {
        let input = value?["input_tokens"]?.int ?? value?["prompt_tokens"]?.int
        let output = value?["output_tokens"]?.int ?? value?["completion_tokens"]?.int
        guard input != nil || output != nil else { return nil }
        let details = value?["input_tokens_details"] ?? value?["prompt_tokens_details"]
        let outputDetails = value?["output_tokens_details"] ?? value?["completion_tokens_details"]
        let (sent, answered) = (Usage.tokens(input), Usage.tokens(output))
        self.init(
            input: sent, output: answered, cached: min(sent, Usage.tokens(details?["cached_tokens"]?.int)),
            cacheWritten: min(sent, Usage.tokens(details?["cache_write_tokens"]?.int)),
            reasoning: min(answered, Usage.tokens(outputDetails?["reasoning_tokens"]?.int)))
    }

    private static func tokens(_ value: Int?) -> Int { min(max(0, value ?? 0), tokensMax) }
}

/// A complete answer that matches the schema.
public struct ModelAnswer: Sendable, Equatable {
    /// The schema's properties; no text is blank.
    public var fields: [(String, String)]
    /// The dated snapshot that answered, not the requested alias.
    public var model: String
    /// Zero if the answer did not say; see ``usageIsKnown``.
    public var usage: Usage
    public var usageIsKnown: Bool

    /// - Parameter usage: nil if the answer does not say what it cost.
    public init(fields: [(String, String)], model: String, usage: Usage?) {
        self.fields = fields
        self.model = model
        self.usage = usage ?? .zero
        usageIsKnown = usage != nil
    }

    public subscript(name: String) -> String? { fields.first { $0.0 == name }?.1 }

    public static func == (a: ModelAnswer, b: ModelAnswer) -> Bool {
        a.model == b.model && a.usage == b.usage && a.fields.count == b.fields.count
            && zip(a.fields, b.fields).allSatisfy { $0 == $1 }
    }
}
