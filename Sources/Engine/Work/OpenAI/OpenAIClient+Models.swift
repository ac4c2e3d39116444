// Requests to a model: synchronous mode and direct requests of jobs. Loop-bound.

extension OpenAIClient {
    /// `POST /v1/responses`. A call may take as long as the deadline allows, and is made again only after one that has
    /// surely failed: refused by the provider itself (429, its own 5xx), or never sent. The model's refusals and
    /// truncated answers are thrown without a retry.
    /// - Parameters:
    ///   - body: from ``VisionRequest`` or ``TranslationRequest``.
    ///   - fields: the schema's properties; nil accepts any object of texts.
    ///   - deadlineSeconds: limit for all tries together.
    public func respond(
        _ body: [UInt8], fields: [String]? = nil, deadlineSeconds: Double
    ) async throws(OpenAIError) -> ModelAnswer {
        let call = ProviderCall(
            operation: .createResponse, method: "POST", path: "/responses", body: .bytes(body),
            timeoutSeconds: configuration.callSeconds, deadlineSeconds: deadlineSeconds, repeats: .afterSureFailure)
        let end = Monotonic.seconds() + deadlineSeconds
        var spent = Usage.zero
        do throws(OpenAIError) {
            let reading = try await retrying(call) { seconds throws(OpenAIError) in
                let response = try await self.finished(try await self.once(call, seconds), until: end)
                let reading = AnswerReader.read(response, fields: fields)
                // An answer that failed because of a rate limit: wait as after a 429. It may have cost something.
                if case .failure(var error) = reading, error.kind == .rateLimited {
                    spent += error.usage ?? .zero
                    error.usage = nil
                    throw error
                }
                return reading
            }
            var answer = try reading.get()
            answer.usage += spent
            return answer
        } catch { throw error.adding(to: &spent) }
    }

    /// Waits for an answer that is still being made, and fetches it by its id. A provider that does not keep answers
    /// (`store` is false) does not know the id; then the unfinished answer is returned.
    private func finished(_ first: JSONValue, until end: Double) async throws(OpenAIError) -> JSONValue {
        var response = first
        var looks = 0
        while AnswerReader.isUnfinished(response), let id = first["id"]?.string, !id.isEmpty {
            looks += 1
            let delay = BackOff(firstSeconds: 1, mostSeconds: 10, spread: 0).delay(failures: looks, jitter: 0)
            guard Monotonic.seconds() + delay < end else { break }
            try await wait(delay)
            var call = smallCall(.getResponse, "GET", "/responses/\(PathSegment.encode(id))")
            call.deadlineSeconds = min(call.deadlineSeconds, max(1, end - Monotonic.seconds()))
            do throws(OpenAIError) { response = try await json(call) } catch {
                if error.kind == .cancelled { throw error }
                break
            }
        }
        return response
    }

    /// An answer and the parameters of its request. The batch that follows a direct request uses the same parameters.
    public struct StageAnswer: Sendable {
        /// Its `usage` includes the failed tries.
        public var answer: ModelAnswer
        public var parameters: ModelParameters
    }

    /// Number of retries after an unusable answer: truncated, not matching the
    /// schema, or failed at the provider (C2.5).
    public static let answerRetries = 2

    /// Sends a request to the stage's model, within the deadline. Uses the next model of the list if one is gone,
    /// omits a refused temperature, and raises the token limit after a truncated answer.
    /// - Throws: the last error, with the `usage` of all tries.
    public func ask(
        _ stage: WorkStage, fields: [String], deadlineSeconds: Double, body: (ModelParameters) -> [UInt8]
    ) async throws(OpenAIError) -> StageAnswer {
        let end = Monotonic.seconds() + deadlineSeconds
        var attempt = Attempt(triesLeft: choice(for: stage).tries + Self.answerRetries)
        while true {
            let parameters = attempt.parameters(choice(for: stage).current)
            do throws(OpenAIError) {
                let remaining = end - Monotonic.seconds()
                var answer = try await respond(body(parameters), fields: fields, deadlineSeconds: remaining)
                spent(answer, on: parameters.name)
                answer.usage += attempt.spent
                return StageAnswer(answer: answer, parameters: parameters)
            } catch {
                spent(error.usage, on: parameters.name)
                let hasLearnt = learn(stage, from: error, asked: parameters)
                try attempt.failed(error, hasLearnt: hasLearnt)
            }
        }
    }

    /// Counts an answer's tokens for the operator's metrics, and an answer that does not say what it cost.
    func spent(_ answer: ModelAnswer, on model: String) {
        if answer.usageIsKnown { spent(answer.usage, on: model) } else { metrics.answeredWithoutUsage() }
    }

    /// Counts tokens for the operator's metrics. The cost that a job reports comes from its rows.
    /// - Parameter model: the requested model.
    func spent(_ usage: Usage?, on model: String) {
        guard let usage else { return }
        let place = configuration.meteredModels.firstIndex(of: model) ?? ProviderMetrics.modelsMax
        metrics.spent(model: place, usage)
    }

    /// The model and parameters of the stage's next request.
    public func choice(for stage: WorkStage) -> ModelChoice {
        choices[stage] ?? configuration.choice(for: stage)
    }

    /// Learns from an error of a batch or of one of its lines.
    /// - Returns: true if another request with the stage's ``ModelChoice/current`` parameters is worthwhile.
    @discardableResult
    public func learn(_ stage: WorkStage, from error: OpenAIError, asked: ModelParameters) -> Bool {
        var choice = choice(for: stage)
        defer { choices[stage] = choice }
        return choice.learn(from: error, asked: asked)
    }

    /// Whether `error` refuses a parameter that later requests are sent without.
    func canGoWithout(_ error: OpenAIError) -> Bool {
        guard let refusal = error.refusal else { return false }
        return refusal != .imageDetail || configuration.imageDetail == .original
    }

    /// `GET /v1/models`, which costs no tokens. Makes one try; the caller caches the outcome.
    public func modelProbe() async throws(OpenAIError) -> ModelProbe {
        let begin = Monotonic.seconds()
        let seconds = configuration.probeSeconds
        let call = ProviderCall(
            operation: .listModels, path: "/models", timeoutSeconds: seconds, deadlineSeconds: seconds, repeats: .never
        )
        let list = try await json(call)
        return ModelProbe(list, seconds: Monotonic.seconds() - begin)
    }
}

/// The result of a probe.
public struct ModelProbe: Sendable {
    /// Seconds until the reply.
    public var seconds: Double
    /// The account's models; `shutdownDate` is `YYYY-MM-DD` if one is announced.
    public var models: [(id: String, shutdownDate: String?)]

    init(_ list: JSONValue, seconds: Double) {
        self.seconds = seconds
        models = (list["data"]?.array ?? []).compactMap { model in
            model["id"]?.string.map { ($0, model["shutdown_date"]?.string) }
        }
    }
}

/// State of one request's tries.
private struct Attempt {
    var triesLeft: Int
    var answerRetriesLeft = OpenAIClient.answerRetries
    var doublings = 0
    var spent = Usage.zero

    func parameters(_ current: ModelParameters) -> ModelParameters {
        (0..<doublings).reduce(current) { parameters, _ in parameters.roomier }
    }

    /// Returns if another try is due; throws the error if not.
    mutating func failed(_ error: OpenAIError, hasLearnt: Bool) throws(OpenAIError) {
        let error = error.adding(to: &spent)
        triesLeft -= 1
        guard triesLeft > 0 else { throw error }
        if hasLearnt { return }
        guard answerRetriesLeft > 0, isUnusableAnswer(error) else { throw error }
        answerRetriesLeft -= 1
        if error.kind == .incomplete("max_output_tokens") { doublings += 1 }
    }

    private func isUnusableAnswer(_ error: OpenAIError) -> Bool {
        switch error.kind {
        case .incomplete, .malformed: error.curable && !error.fault.isPassing
        case .api(let status, _, _): status == 200 && error.fault.isPassing
        case .quota, .modelNotFound, .rateLimited, .unavailable, .timedOut, .refused, .sourceFailed, .cancelled: false
        }
    }
}
