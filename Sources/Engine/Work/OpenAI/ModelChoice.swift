// The model and parameters of a request. Values; any thread.

/// A model and its parameters. A direct request and the batch that follows it use the same ones.
public struct ModelParameters: Hashable, Sendable {
    public var name: String
    /// nil means that no temperature is sent.
    public var temperature: Double?
    /// Output tokens for one text, including reasoning; at least 16.
    public var maxOutputTokens: Int

    public init(name: String, temperature: Double?, maxOutputTokens: Int) {
        self.name = name
        self.temperature = temperature
        self.maxOutputTokens = max(maxOutputTokens, OpenAIConfiguration.leastOutputTokens)
    }

    /// Doubles the token limit, up to `ceiling`, after an answer was cut off at `max_output_tokens`.
    public func roomier(ceiling: Int) -> ModelParameters {
        var copy = self
        copy.maxOutputTokens = max(maxOutputTokens, min(maxOutputTokens * 2, ceiling))
        return copy
    }
}

/// A list of models, the current one, and the facts learned from errors (C8).
public struct ModelChoice: Sendable {
    public let models: [String]
    private let configuration: OpenAIConfiguration
    private var index = 0
    private var refusingTemperature: Set<String> = []

    /// - Parameter models: at least one.
    public init(models: [String], configuration: OpenAIConfiguration) {
        precondition(!models.isEmpty, "a model choice needs at least one model")
        self.models = models
        self.configuration = configuration
    }

    /// The parameters of the next request.
    public var current: ModelParameters {
        var parameters = configuration.parameters(for: models[index])
        if refusingTemperature.contains(parameters.name) { parameters.temperature = nil }
        return parameters
    }

    /// Learns from an error of a request that was made with `asked`.
    /// - Returns: true if another request with ``current`` is worthwhile. Every caller bounds its requests by
    ///   ``tries``, because several callers may learn from one choice.
    public mutating func learn(from error: OpenAIError, asked: ModelParameters) -> Bool {
        if error.refusesTemperature, asked.temperature != nil {
            refusingTemperature.insert(asked.name)
            return true
        }
        guard error.fault == .model else { return false }
        guard asked.name == models[index] else { return true }  // another caller has already moved on
        // After the last model the next call starts with the first again, because
        // access may have been granted meanwhile.
        index = (index + 1) % models.count
        return index != 0
    }

    /// Enough requests for every model to be missing and to refuse the temperature once.
    public var tries: Int { models.count * 2 }
}
