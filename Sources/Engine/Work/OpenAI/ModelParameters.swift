// The model and the parameters of a request. A value; any thread.

/// A model and its parameters. A direct request and the batch that follows it use the same ones.
public struct ModelParameters: Hashable, Sendable {
    public var name: String
    /// nil means that no temperature is sent.
    public var temperature: Double?
    /// Output tokens for one text, including reasoning; at least 16.
    public var maxOutputTokens: Int
    /// Most output tokens of a request, however many texts it asks for.
    public var outputTokensMax: Int
    /// `reasoning.effort`; nil means that none is sent.
    public var effort: ReasoningEffort?
    /// Asks the model to cache nothing by itself: no two prompts of the service begin with the same 1,024 tokens, so
    /// that a cache is written (for 1.25 times the price) and never read.
    public var cachesExplicitly: Bool
    public var imageDetail: ImageDetail

    public init(
        name: String, temperature: Double?, maxOutputTokens: Int, outputTokensMax: Int = .max,
        effort: ReasoningEffort? = nil, cachesExplicitly: Bool = false, imageDetail: ImageDetail = .high
    ) {
        self.name = name
        self.temperature = temperature
        self.outputTokensMax = max(outputTokensMax, OpenAIConfiguration.leastOutputTokens)
        self.maxOutputTokens = min(max(maxOutputTokens, OpenAIConfiguration.leastOutputTokens), self.outputTokensMax)
        self.effort = effort
        self.cachesExplicitly = cachesExplicitly
        self.imageDetail = imageDetail
    }

    /// `max_output_tokens` of a request for several texts.
    func outputTokens(texts: Int) -> Int { min(maxOutputTokens * texts, outputTokensMax) }

    /// Doubles the room of a text, up to the model's ceiling, after an answer was cut off at `max_output_tokens`.
    public var roomier: ModelParameters {
        var copy = self
        copy.maxOutputTokens = min(maxOutputTokens * 2, outputTokensMax)
        return copy
    }

    /// Lowers the ceiling; it never falls below what the API accepts at least.
    mutating func limitOutput(to most: Int) {
        outputTokensMax = min(outputTokensMax, max(most, OpenAIConfiguration.leastOutputTokens))
        maxOutputTokens = min(maxOutputTokens, outputTokensMax)
    }
}
