// The list of models of a stage, the current one, and what was learnt about them. A value; any thread.

/// A list of models, the current one, and the facts learned from errors (C8).
public struct ModelChoice: Sendable {
    public let models: [String]
    private let stage: WorkStage
    private let configuration: OpenAIConfiguration
    private var index = 0
    private var lessons: [String: ModelLessons] = [:]

    /// - Parameter models: at least one.
    public init(models: [String], stage: WorkStage, configuration: OpenAIConfiguration) {
        precondition(!models.isEmpty, "a model choice needs at least one model")
        self.models = models
        self.stage = stage
        self.configuration = configuration
    }

    /// The parameters of the next request.
    public var current: ModelParameters { parameters(of: models[index]) }

    /// The parameters of a request to `model`, which need not be in the list any more.
    public func parameters(of model: String) -> ModelParameters {
        var parameters = configuration.parameters(for: model, in: stage)
        lessons[model]?.apply(to: &parameters)
        return parameters
    }

    /// Learns from an error of a request that was made with `asked`.
    /// - Returns: true if another request with ``current`` is worthwhile. Every caller bounds its requests by
    ///   ``tries``, because several callers may learn from one choice.
    public mutating func learn(from error: OpenAIError, asked: ModelParameters) -> Bool {
        if let refusal = error.refusal {
            return lessons[asked.name, default: ModelLessons()].learn(refusal, asked: asked)
        }
        guard error.fault == .model else { return false }
        guard asked.name == models[index] else { return true }  // another caller has already moved on
        // After the last model the next call starts with the first again, because
        // access may have been granted meanwhile.
        index = (index + 1) % models.count
        return index != 0
    }

    /// Enough requests for every model to be missing and to refuse every parameter that a request can go without.
    public var tries: Int { models.count * (1 + ModelLessons.most) }
}
