// Asks for one lot through /v1/responses before a stage's first batch. Its answer is used; its failure may save the
// rest. I/O only. Loop-bound.
import Logging

extension LeasedJob {
    /// Longest time for one lot with all its retries, seconds: a slow call, and one more after a sure failure.
    static let askSeconds = 900.0

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

    /// - Parameter input: as it was sent last; the provider may have refused some of the images.
    func ask(_ batch: ProviderBatch, _ input: inout LineInput, _ record: JobRecord) async -> BatchOutcome {
        do throws(OpenAIError) {
            let answer = try await ask(&input, seconds: Self.askSeconds, record)
            CrashPoint.directAnswered.pass()
            return .answered(position: input.position, answer)
        } catch { return .askFailed(position: input.position, error) }
    }

    /// Asks for the lot; without the images that the provider refuses, as long as there are others. A refusal costs
    /// nothing, and each one leaves fewer images.
    func ask(
        _ input: inout LineInput, seconds: Double, _ record: JobRecord
    ) async throws(OpenAIError) -> ModelAnswer {
        let end = Monotonic.seconds() + seconds
        var spent = Usage.zero
        while true {
            do throws(OpenAIError) {
                let current = input
                var answer = try await context.openAI.ask(
                    input.stage, fields: fields(of: input.stage, record), deadlineSeconds: end - Monotonic.seconds()
                ) { parameters in
                    body(of: current, parameters, record)
                }.answer
                answer.usage += spent
                return answer
            } catch {
                var error = error.adding(to: &spent)
                // Images that the provider could not load are sent inline before one is left out.
                guard error.fault.isOfPictures, !(error.imageDownload && !input.isInline) else { throw error }
                guard input.leaveOut(error) else {
                    error.isWithoutPictures = input.lacksImages
                    throw error
                }
                log.warning(
                    "Background worker: a picture is left out",
                    metadata: ["lot": "\(input.position)", "reason": "\(error.reason)"])
            }
        }
    }

    /// Ends a lot whose images have disappeared since the check; the next lot goes ahead instead.
    func endWithoutImages(_ input: LineInput, _ record: JobRecord) async throws {
        try await commit(.failures) { session in
            try await ImageWork.correct(session, job: id, [input.correction].compactMap(\.self))
            try await end([LotEnd(position: input.position, error: LineInput.noImages)], of: record, session)
        }
    }
}
