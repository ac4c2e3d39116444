// Plans the batches of a stage, fails the lots that sending cannot help, and goes on to the next stage. Loop-bound.
import Logging

extension LeasedJob {
    /// Lots per page while planning.
    private static let planPage = 5000

    /// Returns the first lots that the stage still lacks.
    func remaining(_ stage: WorkStage, _ job: JobRecord, limit: Int) async throws -> [RemainingLot] {
        try await read {
            try await RemainingLots.page($0, job: job.id, stage: stage, positions: 0..<job.totalLots, limit: limit)
        }
    }

    /// Puts every lot that still lacks the stage into batches. Lots that sending cannot help fail here.
    func plan(_ stage: WorkStage, round: Int, _ job: JobRecord) async throws {
        var lines: [PlannedLine] = []
        var doomed = 0
        let model = context.openAI.choice(for: stage).current.name
        let imageTokens = context.openAI.configuration.imageTokens(for: model)
        for window in job.windows(of: Self.planPage) {
            let page = try await read {
                try await RemainingLots.page($0, job: job.id, stage: stage, positions: window, limit: window.count)
            }
            let hopeless = page.filter { Rounds.isHopeless($0, inRound: round) }
            try await fail(hopeless, stage, job)
            doomed += hopeless.count
            lines += page.filter { !Rounds.isHopeless($0, inRound: round) }
                .map { PlannedLine($0, stage, inlineAll: inlinesAll(stage, round), imageTokens: imageTokens) }
        }
        if lines.isEmpty {
            if doomed == 0 { try await advance(from: stage, job) } else { try await advanceIfDone(stage, job) }
            return
        }
        try await insertBatches(lines, stage, round: round, job)
    }

    func fail(_ lots: [RemainingLot], _ stage: WorkStage, _ job: JobRecord) async throws {
        guard !lots.isEmpty else { return }
        let fallback =
            try await ProviderBatches.lastError(context.database, job: job.id, stage: stage)
            ?? "OpenAI gave no answer for this lot"
        try await commit(.failures) { session in
            let ends = lots.map { LotEnd(position: $0.position, error: $0.lastReason ?? fallback) }
            try await end(ends, of: job, session)
        }
    }

    private func insertBatches(_ lines: [PlannedLine], _ stage: WorkStage, round: Int, _ job: JobRecord) async throws {
        let bounds = context.configuration.batchBounds.inRound(round)
        let batches = BatchPlanner.cut(lines, bounds: bounds, inlineAll: inlinesAll(stage, round))
        let model = context.openAI.choice(for: stage).current.name
        try await commit(.plan) { session in
            for batch in batches {
                try await insertBatch(
                    stage, round: round, .planned, model: model,
                    PlannedLots(positions: batch.positions, tokens: batch.tokens, inlineImages: batch.inlineImages),
                    session)
            }
            try await note(
                "planned",
                detail: "\(stage.rawValue) round \(round): \(lines.count) lots in \(batches.count) batches", session)
        }
    }

    /// Whether all images are sent inline: the last attempt sends them so (C5.4).
    private func inlinesAll(_ stage: WorkStage, _ round: Int) -> Bool {
        stage == .vision && (context.configuration.imageMode == .inline || round >= Rounds.max)
    }

    func advanceIfDone(_ stage: WorkStage, _ job: JobRecord) async throws {
        if try await remaining(stage, job, limit: 1).isEmpty { try await advance(from: stage, job) }
    }

    /// Goes on to the next stage; `nil` is the image check. A job whose lots have all failed ends where it is (C5.3).
    func advance(from stage: WorkStage?, _ old: JobRecord) async throws {
        guard let job = try await LoadJob.run(context.database, job: old.id) else { throw LeaseLost(job: old.id) }
        if job.failedLots == job.totalLots { return try await finish(job, ofOpenLots: "") }
        let next: (JobStatus, JobStage) =
            switch stage {
            case nil: (.processing, .visionAnalysis)
            case .vision?:
                job.translatedLanguages.isEmpty ? (.processing, .finalizing) : (.translating, .translation)
            case .translation?: (job.status, .finalizing)
            }
        try await commit(.stage) { session in
            try await JobProgress.enter(session, job: job.id, status: next.0, stage: next.1)
            try await note("stage", detail: next.1.rawValue, session)
        }
        log.info("Background worker: job goes on", metadata: ["stage": "\(next.1.rawValue)"])
    }
}
