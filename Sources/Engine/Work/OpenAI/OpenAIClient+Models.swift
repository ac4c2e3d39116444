// Asking a model: synchronous requests and canaries. Loop-bound.

extension OpenAIClient {
    /// `POST /v1/responses`. Sent again after 408, 409, 429, 5xx and broken connections, within the deadline; then a
    /// lost try may have been paid for. The model's refusals and cut answers are thrown as they come.
    /// - Parameters:
    ///   - body: from ``VisionRequest`` or ``TranslationRequest``.
    ///   - fields: the schema's properties; nil takes any object of texts.
    ///   - deadlineSeconds: for all tries together.
    public func respond(
        _ body: [UInt8], fields: [String]? = nil, deadlineSeconds: Double
    ) async throws(OpenAIError) -> ModelAnswer {
        let call = ProviderCall(
            operation: .createResponse, method: "POST", path: "/responses", body: .bytes(body),
            timeoutSeconds: configuration.callSeconds, deadlineSeconds: deadlineSeconds)
        return try AnswerReader.read(try await json(call), fields: fields).get()
    }

    /// An answer, and the parameters that brought it: the batch behind a canary is made with the same ones.
    public struct StageAnswer: Sendable {
        /// `usage` counts the tries that brought nothing too.
        public var answer: ModelAnswer
        public var parameters: ModelParameters
    }

    /// How often an unusable answer (cut short, not in the schema's form, failed over there) is asked for once more
    /// (C2.5).
    public static let answerRetries = 2

    /// Asks the stage's model: goes to the next one of the list when one is gone, leaves the temperature out where it
    /// is not taken, asks with more room after a cut answer. All of it within the deadline.
    /// - Throws: the last error, with the `usage` of all tries.
    public func ask(
        _ stage: WorkStage, fields: [String], deadlineSeconds: Double, body: (ModelParameters) -> [UInt8]
    ) async throws(OpenAIError) -> StageAnswer {
        let end = Monotonic.seconds() + deadlineSeconds
        var attempt = Attempt(triesLeft: choice(for: stage).tries + Self.answerRetries)
        while true {
            let parameters = attempt.parameters(choice(for: stage).current, configuration)
            do throws(OpenAIError) {
                let remaining = end - Monotonic.seconds()
                var answer = try await respond(body(parameters), fields: fields, deadlineSeconds: remaining)
                spent(answer.usage, on: parameters.name)
                answer.usage = answer.usage + attempt.spent
                return StageAnswer(answer: answer, parameters: parameters)
            } catch {
                spent(error.usage, on: parameters.name)
                let hasLearnt = learn(stage, from: error, asked: parameters)
                try attempt.failed(error, hasLearnt: hasLearnt)
            }
        }
    }

    /// Counts tokens for the operator; what a job is told that it cost is in its rows.
    /// - Parameter model: the one that was asked.
    func spent(_ usage: Usage?, on model: String) {
        guard let usage else { return }
        let place = configuration.meteredModels.firstIndex(of: model) ?? ProviderMetrics.modelsMax
        loop.metrics.provider.spent(model: place, input: usage.input, output: usage.output)
    }

    /// What to ask the stage's model with now.
    public func choice(for stage: WorkStage) -> ModelChoice {
        choices[stage] ?? configuration.choice(for: stage)
    }

    /// Takes the lesson of an error that a batch or one of its lines met.
    /// - Returns: true if asking again with the stage's ``ModelChoice/current`` parameters is worth it.
    @discardableResult
    public func learn(_ stage: WorkStage, from error: OpenAIError, asked: ModelParameters) -> Bool {
        var choice = choice(for: stage)
        defer { choices[stage] = choice }
        return choice.learn(from: error, asked: asked)
    }

    /// `GET /v1/models`: costs no tokens. One try; the caller keeps the outcome for a while.
    public func modelProbe() async throws(OpenAIError) -> ModelProbe {
        let begin = Monotonic.seconds()
        let seconds = configuration.probeSeconds
        let call = ProviderCall(
            operation: .listModels, path: "/models", timeoutSeconds: seconds, deadlineSeconds: seconds, isRetried: false
        )
        let list = try await json(call)
        return ModelProbe(list, seconds: Monotonic.seconds() - begin)
    }
}

/// What a probe found.
public struct ModelProbe: Sendable {
    /// How long the reply took.
    public var seconds: Double
    /// The account's models; `shutdownDate` is `YYYY-MM-DD` where one is announced.
    public var models: [(id: String, shutdownDate: String?)]

    init(_ list: JSONValue, seconds: Double) {
        self.seconds = seconds
        models = (list["data"]?.array ?? []).compactMap { model in
            model["id"]?.string.map { ($0, model["shutdown_date"]?.string) }
        }
    }
}

/// The tries of one question.
private struct Attempt {
    var triesLeft: Int
    var answerRetriesLeft = OpenAIClient.answerRetries
    var doublings = 0
    var spent = Usage.zero

    func parameters(_ current: ModelParameters, _ configuration: OpenAIConfiguration) -> ModelParameters {
        (0..<doublings).reduce(current) { parameters, _ in
            parameters.roomier(ceiling: configuration.outputTokensCeiling)
        }
    }

    /// Returns if the question is to be asked again.
    mutating func failed(_ error: OpenAIError, hasLearnt: Bool) throws(OpenAIError) {
        var error = error
        spent = spent + (error.usage ?? .zero)
        error.usage = spent == .zero ? nil : spent
        triesLeft -= 1
        guard triesLeft > 0 else { throw error }
        if hasLearnt { return }
        guard answerRetriesLeft > 0, isUnusableAnswer(error) else { throw error }
        answerRetriesLeft -= 1
        if error.kind == .incomplete("max_output_tokens") { doublings += 1 }
    }

    private func isUnusableAnswer(_ error: OpenAIError) -> Bool {
        switch error.kind {
        case .incomplete, .malformed: error.curable
        case .api(let status, _, _): status == 200 && error.curable && !error.imageDownload
        case .quota, .modelNotFound, .rateLimited, .unavailable, .timedOut, .refused, .sourceFailed, .cancelled: false
        }
    }
}
