// Asks for one lot through /v1/responses before a stage's first batch. Its answer is used; its failure may save the
// rest. I/O only. Loop-bound.

extension LeasedJob {
    /// Longest time for one lot with all its retries, seconds.
    static let askSeconds = 300.0

    /// Writes the intent: a row says that the lot is asked for.
    func intendToAsk(_ input: LineInput, _ record: JobRecord) async throws -> ProviderBatch {
        let model = context.openAI.choice(for: input.stage).current.name
        return try await commit(.ask) { session in
            try await ImageWork.correct(session, job: id, [input.correction].compactMap(\.self))
            return try await insertBatch(
                input.stage, round: 0, .asking, model: model,
                PlannedLots(positions: [input.position], tokens: 0, inlineImages: input.isInline), session)
        }
    }

    func ask(_ batch: ProviderBatch, _ input: LineInput, _ record: JobRecord) async -> BatchOutcome {
        do throws(OpenAIError) {
            let answer = try await ask(input, seconds: Self.askSeconds, record)
            CrashPoint.directAnswered.pass()
            return .answered(position: input.position, answer)
        } catch { return .askFailed(position: input.position, error) }
    }

    func ask(_ input: LineInput, seconds: Double, _ record: JobRecord) async throws(OpenAIError) -> ModelAnswer {
        try await context.openAI.ask(
            input.stage, fields: fields(of: input.stage, record), deadlineSeconds: seconds
        ) { parameters in
            body(of: input, parameters, record)
        }.answer
    }

    /// Ends a lot whose images have disappeared since the check; the next lot goes ahead instead.
    func endWithoutImages(_ input: LineInput, _ record: JobRecord) async throws {
        try await commit(.failures) { session in
            try await ImageWork.correct(session, job: id, [input.correction].compactMap(\.self))
            try await end([LotEnd(position: input.position, error: LineInput.noImages)], of: record, session)
        }
    }
}
