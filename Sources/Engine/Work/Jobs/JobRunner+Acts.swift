// Steps of more than one act: each writes an intent before the act that it announces, then the act's outcome.
// Loop-bound.

extension JobRunner {
    /// Builds the file and writes the intent, together with the facts about the lots that the build has shown.
    func upload(_ batch: ProviderBatch, _ step: JobStep) async throws {
        let file = BatchFile(directory: job.context.configuration.spoolDirectory, on: job.context.loop)
        do {
            let built = try await job.build(batch, step.job, into: file)
            let intent = try await conclude(batch, .built(positions: built.positions, bytes: file.length), step) {
                try await self.job.store(built, of: batch, $0)
            }
            if intent.state == .uploading {
                try await conclude(intent, await job.upload(intent, file), step)
            }
        } catch {
            await file.close()
            throw error
        }
        await file.close()
    }

    /// Takes a place in the provider's queue and creates the batch. The transaction of the intent takes the place, so
    /// that no two jobs take the same one.
    func create(_ batch: ProviderBatch, _ step: JobStep) async throws {
        guard let file = batch.inputFileID else {
            try await conclude(batch, .noFile, step)
            return
        }
        let intent = try await conclude(batch, step) { session in
            try await self.job.hasRoom(for: batch, session) ? .admitted : .othersTurn
        }
        guard intent.state == .creating else { return }
        try await paying { try await conclude(intent, await job.create(intent, on: file), step) }
    }

    /// Opens a stage: with one lot ahead of the others if there is more than one, else with its plan. Without that lot,
    /// a wrong parameter would cost every line, hours later.
    func open(_ stage: WorkStage, _ step: JobStep) async throws {
        let lots = try await job.remaining(stage, step.job, limit: 2)
        switch lots.count {
        case 0: try await job.advance(from: stage, step.job)
        case 1: try await job.plan(stage, round: 1, step.job)
        default: try await ask(stage, lots[0], step)
        }
    }

    /// Asks for one lot: another one than before if that has led to nothing a few times. The answer is used, and the
    /// other lots are planned after it.
    func probe(_ stage: WorkStage, _ step: JobStep) async throws {
        let lots = try await job.remaining(stage, step.job, limit: BatchMachine.asksMax)
        if lots.isEmpty { return try await job.advance(from: stage, step.job) }
        let vain = BatchMachine.vainAsks(step.batches.filter { $0.stage == stage }).count
        guard let lot = BatchMachine.choose(among: lots, vainAsks: vain) else {
            return try await job.plan(stage, round: 1, step.job)
        }
        try await ask(stage, lot, step)
    }

    private func ask(_ stage: WorkStage, _ lot: RemainingLot, _ step: JobStep) async throws {
        let input = try await job.lineInput(stage, position: lot.position, inline: lot.imageDownloadFailed, step.job)
        guard var input else { return try await job.plan(stage, round: 1, step.job) }
        if input.lacksImages { return try await job.endWithoutImages(input, step.job) }
        let batch = try await job.intendToAsk(input, step.job)
        try await paying {
            let before = input.pictures
            let outcome = await job.ask(batch, &input, step.job)
            // Before the answer, because that may end the lot.
            if input.pictures != before, let correction = input.correction {
                try await job.surely(step.job) {
                    try await job.commit(.images) { try await ImageWork.correct($0, job: job.id, [correction]) }
                }
            }
            try await job.surely(step.job) { try await conclude(batch, outcome, step) }
        }
    }

    /// Prepares a page of lots that are asked for with their own calls. Its row is written first, and each lot is added
    /// to it before its call, so each attempt counts even if its answer is lost.
    func intendToAsk(_ stage: WorkStage, round: Int, _ step: JobStep) async throws -> StepOutcome {
        let lots = try await job.remaining(stage, step.job, limit: LeasedJob.directLots)
        let lost = try await job.lostAnswers(stage, lots.map(\.position))
        let hopeless = lots.filter { Rounds.isHopeless($0) || lost[$0.position, default: 0] >= Rounds.lostMax }
        if lots.isEmpty {
            try await job.advance(from: stage, step.job)
        } else if !hopeless.isEmpty {
            try await job.fail(hopeless, stage, step.job)
            try await job.advanceIfDone(stage, step.job)
        } else {
            let batch = try await job.beginPage(stage, round: round)
            return .ask(DirectStep(batch: batch, lots: lots, step: step))
        }
        return .goOn
    }

    func ask(_ direct: DirectStep) async throws {
        let (batch, step) = (direct.batch, direct.step)
        let hasAnswers = step.batches.contains { $0.stage == batch.stage && $0.state == .collected }
        let lots = try await paying {
            try await job.askAll(direct.lots, batch, step.job, hasAnswers: hasAnswers) { [self] in isLeaving }
        }
        // The wait after a rate limit grows only while nothing is answered.
        if lots.answered > 0 { failures = 0 }
        try await conclude(batch, .askedAll(lots), step)
    }

    func confirmGone(_ batch: ProviderBatch, _ step: JobStep) async throws {
        let outcome =
            batch.state == .ended ? try await job.confirmFilesGone(batch, step.job) : await job.confirmGone(batch)
        try await conclude(batch, outcome, step)
    }

    func giveUp(_ batch: ProviderBatch, _ why: GiveUp, _ step: JobStep) async throws {
        try await conclude(batch, .givenUp(why), step) { session in
            // From here on other calls answer these lots, so what this batch has cost is known only now.
            if batch.state == .ended { try await ProviderBatches.keepUnaccounted(session, batch: batch.id) }
        }
    }

    /// Ends a job whose time is over (`DEADLINE_HOURS`). A batch that has ended meanwhile is still collected: after a
    /// long outage its answers may have been ready for days. So is, once, a batch whose files had to wait.
    func expire(_ step: JobStep) async throws {
        var isThereMore = false
        for batch in step.batches where batch.state == .submitted && !batch.isStray {
            let outcome = await job.poll(batch)
            guard BatchMachine.hasAnswers(outcome) else { continue }
            try await conclude(batch, outcome, step)
            isThereMore = true
        }
        if isThereMore { return }
        for batch in step.batches where batch.state == .ended && !batch.isStray {
            try await conclude(batch, try await job.collect(batch, step.job), step)
        }
        try await job.expire(step.job)
    }
}
