// Opening a stage and planning its batches; going on to the next one. Loop-bound.
import Logging

extension JobRunner {
    /// Lots read at a time while planning.
    private static let planPage = 5000

    /// A stage begins: with a canary if there is more than one lot to send (a wrong parameter would cost every line,
    /// hours later), else with its plan.
    func open(_ stage: WorkStage, _ job: JobRecord) async throws {
        let lots = try await read {
            try await RemainingLots.page($0, job: job.id, stage: stage, positions: 0..<job.totalLots, limit: 2)
        }
        switch lots.count {
        case 0: try await advance(from: stage, job)
        case 1: try await plan(stage, round: 1, job)
        default: try await canary(stage, lots[0], job)
        }
    }

    /// The account could not run the last lines (quota, key, model). One lot is asked for until it can; its answer
    /// counts, and the others are planned after it.
    func probe(_ stage: WorkStage, _ job: JobRecord) async throws {
        let lots = try await read {
            try await RemainingLots.page($0, job: job.id, stage: stage, positions: 0..<job.totalLots, limit: 1)
        }
        guard let lot = lots.first else { return try await advance(from: stage, job) }
        try await canary(stage, lot, job)
    }

    /// Puts every lot that still lacks the stage into batches. Lots that nothing can help any more fail here.
    func plan(_ stage: WorkStage, round: Int, _ job: JobRecord) async throws {
        var lines: [PlannedLine] = []
        var doomed = 0
        for window in job.windows(of: Self.planPage) {
            let page = try await read {
                try await RemainingLots.page($0, job: job.id, stage: stage, positions: window, limit: window.count)
            }
            let hopeless = page.filter { !$0.curable || round > JobMachine.maxRounds }
            try await fail(hopeless, stage, job)
            doomed += hopeless.count
            if round <= JobMachine.maxRounds {
                lines += page.filter(\.curable).map { line($0, stage, inlineAll: inlinesAll(stage, round)) }
            }
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
        try await commit { session in
            let ends = lots.map { LotEnd(position: $0.position, error: $0.lastReason ?? fallback) }
            try await self.end(ends, of: job, session)
            CrashPoint.failuresCommitting.pass()
        }
        CrashPoint.failuresCommitted.pass()
    }

    private func insertBatches(_ lines: [PlannedLine], _ stage: WorkStage, round: Int, _ job: JobRecord) async throws {
        let bounds = context.configuration.batchBounds.inRound(round)
        let batches = BatchPlanner.cut(lines, bounds: bounds, inlineAll: inlinesAll(stage, round))
        let model = context.openAI.choice(for: stage).current.name
        try await commit { session in
            for batch in batches {
                _ = try await ProviderBatches.insert(
                    session, job: job.id, stage: stage, round: round, state: .planned, model: model,
                    account: self.context.account,
                    PlannedLots(positions: batch.positions, tokens: batch.tokens, inlineImages: batch.inlineImages))
            }
            try await JobProgress.event(
                session, job: job.id, "planned", instance: self.context.configuration.instance,
                detail: "\(stage.rawValue) round \(round): \(lines.count) lots in \(batches.count) batches")
            CrashPoint.planCommitting.pass()
        }
        CrashPoint.planCommitted.pass()
    }

    /// The last attempt sends the images along (C5.4).
    private func inlinesAll(_ stage: WorkStage, _ round: Int) -> Bool {
        stage == .vision && (context.configuration.imageMode == .inline || round == JobMachine.maxRounds)
    }

    /// What the lot's line will weigh. Generous: the file is measured again when it is built.
    private func line(_ lot: RemainingLot, _ stage: WorkStage, inlineAll: Bool) -> PlannedLine {
        let inline = lot.imageDownloadFailed || inlineAll
        let overhead = 4096
        switch stage {
        case .vision:
            let images = inline ? lot.imageCount * 700_000 : lot.imageListBytes + lot.imageCount * 64
            return PlannedLine(
                position: lot.position, bytes: overhead + lot.textBytes * 2 + images,
                tokens: 600 + lot.textBytes / 3 + lot.imageCount * 1200, needsInlineImages: lot.imageDownloadFailed)
        case .translation:
            return PlannedLine(
                position: lot.position, bytes: overhead + lot.textBytes * 2, tokens: 500 + lot.textBytes / 3,
                needsInlineImages: false)
        }
    }

    func advanceIfDone(_ stage: WorkStage, _ job: JobRecord) async throws {
        let left = try await read {
            try await RemainingLots.page($0, job: job.id, stage: stage, positions: 0..<job.totalLots, limit: 1)
        }
        if left.isEmpty { try await advance(from: stage, job) }
    }

    /// On to the next stage; `nil` is the image check. A job whose lots have all failed ends where it is (C5.3).
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
        try await commit { session in
            try await JobProgress.enter(session, job: job.id, status: next.0, stage: next.1)
            try await JobProgress.event(
                session, job: job.id, "stage", instance: self.context.configuration.instance, detail: next.1.rawValue)
            CrashPoint.stageCommitting.pass()
        }
        CrashPoint.stageCommitted.pass()
        log.info("Background worker: job goes on", metadata: ["stage": "\(next.1.rawValue)"])
    }
}
