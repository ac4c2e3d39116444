// Which model is asked, and with what. Values; any thread.

/// A model and the parameters that go with it; the same for a canary and for the batch that follows it.
public struct ModelParameters: Hashable, Sendable {
    public var name: String
    /// nil: not sent.
    public var temperature: Double?
    /// For one text, reasoning included; at least 16.
    public var maxOutputTokens: Int

    public init(name: String, temperature: Double?, maxOutputTokens: Int) {
        self.name = name
        self.temperature = temperature
        self.maxOutputTokens = max(maxOutputTokens, OpenAIConfiguration.leastOutputTokens)
    }

    /// Twice the room, for an answer that was cut at `max_output_tokens`, up to `ceiling`.
    public func roomier(ceiling: Int) -> ModelParameters {
        var copy = self
        copy.maxOutputTokens = max(maxOutputTokens, min(maxOutputTokens * 2, ceiling))
        return copy
    }
}

/// A list of models with a finger on the one in use, and what errors have taught about them (C8).
public struct ModelChoice: Sendable {
    public let models: [String]
    private let configuration: OpenAIConfiguration
    private var index = 0
    private var refusingTemperature: Set<String> = []

    /// - Parameter models: at least one.
    public init(models: [String], configuration: OpenAIConfiguration) {
        precondition(!models.isEmpty, "no model to choose from")
        self.models = models
        self.configuration = configuration
    }

    /// What to ask with now.
    public var current: ModelParameters {
        var parameters = configuration.parameters(for: models[index])
        if refusingTemperature.contains(parameters.name) { parameters.temperature = nil }
        return parameters
    }

    /// Takes the lesson of an error that a request made with `asked` met.
    /// - Returns: true if asking again with ``current`` is worth it. Every caller bounds its tries by ``tries``,
    ///   because several of them may learn from one choice.
    public mutating func learn(from error: OpenAIError, asked: ModelParameters) -> Bool {
        if error.refusesTemperature, asked.temperature != nil {
            refusingTemperature.insert(asked.name)
            return true
        }
        guard error.kind == .modelNotFound else { return false }
        guard asked.name == models[index] else { return true }  // somebody else has moved on already
        // After the last one the next call begins with the first again: access may have been granted meanwhile.
        index = (index + 1) % models.count
        return index != 0
    }

    /// Enough requests for every model to be missing or to refuse the temperature once.
    public var tries: Int { models.count * 2 }
}
