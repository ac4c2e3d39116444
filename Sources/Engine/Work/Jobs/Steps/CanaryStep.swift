// One lot goes through /v1/responses before a stage's first batch. Its answer is used; its failure may save the rest.
// Loop-bound.
import Logging

extension JobRunner {
    /// Seconds for the canary with all its retries.
    private static let canarySeconds = 300.0

    func canary(_ stage: WorkStage, _ lot: RemainingLot, _ job: JobRecord) async throws {
        guard let input = try await lineInput(stage, position: lot.position, inline: lot.imageDownloadFailed, job)
        else { return try await plan(stage, round: 1, job) }
        if stage == .vision, input.images.isEmpty { return try await endWithoutImages(input, job) }
        let batch = try await commit { session in
            try await ImageWork.correct(session, job: job.id, [input.correction].compactMap(\.self))
            let model = self.context.openAI.choice(for: stage).current.name
            let id = try await ProviderBatches.insert(
                session, job: job.id, stage: stage, round: 0, state: .canary, model: model,
                account: self.context.account,
                PlannedLots(positions: [lot.position], tokens: 0, inlineImages: input.isInline))
            CrashPoint.canaryCommitting.pass()
            return ProviderBatch(
                id: id, stage: stage, round: 0, sequence: 0, state: .canary, model: model, inlineImages: input.isInline)
        }
        CrashPoint.canaryCommitted.pass()
        do {
            try await paying {
                let answer = try await self.context.openAI.ask(
                    stage, fields: self.fields(of: stage, job), deadlineSeconds: Self.canarySeconds
                ) { parameters in
                    self.body(of: input, parameters, job)
                }
                CrashPoint.canaryAnswered.pass()
                let page = CollectedPage(answers: [(lot.position, answer.answer)])
                try await self.surely { try await self.store(page, batch, job, ending: true) }
            }
            try await tell(nil)
        } catch let error as OpenAIError {
            try await canaryFailed(error, batch, lot.position, job)
        }
    }

    /// Its images were there at the check and are not any more; the next lot becomes the canary.
    private func endWithoutImages(_ input: LineInput, _ job: JobRecord) async throws {
        try await commit { session in
            try await ImageWork.correct(session, job: job.id, [input.correction].compactMap(\.self))
            try await self.end([LotEnd(position: input.position, error: LineInput.noImages)], of: job, session)
            CrashPoint.failuresCommitting.pass()
        }
        CrashPoint.failuresCommitted.pass()
    }

    private func canaryFailed(
        _ error: OpenAIError, _ batch: ProviderBatch, _ position: Int, _ job: JobRecord
    ) async throws {
        switch CanaryVerdict(error) {
        case .lot:
            let failure = LineFailure(
                position: position, reason: error.reason, imageDownload: error.imageDownload,
                curable: error.curable && !(error.imageDownload && batch.inlineImages))
            let page = CollectedPage(failures: [(failure, error.usage)])
            try await surely { try await self.store(page, batch, job, ending: true) }
        case .unknown:
            try await abandon(batch, because: error.reason)
        case .later:
            try await commit {
                try await ProviderBatches.delete($0, batch: batch.id)
                CrashPoint.canaryDropCommitting.pass()
            }
            CrashPoint.canaryDropCommitted.pass()
            try await tell(error.reason)
            throw error
        case .never:
            log.error("Background worker: OpenAI refuses our requests", metadata: ["error": "\(error.reason)"])
            try await abandon(batch, because: error.reason)
            try await failOpenLots(job, because: error.reason)
        }
    }

    /// Ends every lot that has no end yet: the job cannot go on.
    func failOpenLots(_ job: JobRecord, because reason: String) async throws {
        for window in job.windows(of: 1000) {
            let open = try await read { try await LotInputs.open($0, job: job.id, positions: window) }
            if open.isEmpty { continue }
            try await commit { session in
                try await self.end(open.map { LotEnd(position: $0, error: reason) }, of: job, session)
                CrashPoint.failuresCommitting.pass()
            }
            CrashPoint.failuresCommitted.pass()
        }
    }
}

/// What a canary's failure says about the rest of the stage.
enum CanaryVerdict: Equatable {
    /// It was this lot.
    case lot
    /// It may have been paid for: do not ask again.
    case unknown
    /// Nothing was done; ask again later.
    case later
    /// Every line would meet the same refusal.
    case never

    /// Codes that speak of our request's form, not of its content.
    private static let formCodes: Set<String> = [
        "unknown_parameter", "unsupported_parameter", "unsupported_value", "invalid_json_schema", "invalid_type",
        "missing_required_parameter",
    ]

    init(_ error: OpenAIError) {
        self =
            switch error.kind {
            case .refused, .incomplete, .malformed: .lot
            case .quota, .modelNotFound, .rateLimited, .cancelled, .sourceFailed: .later
            case .unavailable, .timedOut: error.mayHaveArrived ? .unknown : .later
            case .api(401, _, _), .api(403, _, _): .later
            case .api(let status, let code, _):
                if error.imageDownload || status < 300 {
                    .lot
                } else if Self.formCodes.contains(code ?? "") {
                    .never
                } else {
                    status >= 500 ? .later : .lot
                }
            }
    }
}
