// What a job and its provider batches need next, decided from their committed rows alone: a restart decides the same.
// What follows from an act's outcome is in `BatchMachine+After.swift`. Pure.

/// One act of a job. Each can be repeated from its start.
public enum JobAct: Equatable, Sendable {
    /// pending -> processing.
    case begin
    /// Check the images of the next lots.
    case checkImages
    /// A stage without provider batches: ask for one lot, plan, or go on if nothing is left to do.
    case open(WorkStage)
    /// The account could not run the last batches: ask for one lot until it can, then plan.
    case probe(WorkStage)
    /// Put every lot that still lacks this stage into new batches, or go to the next stage if none does.
    case plan(WorkStage, round: Int)
    /// Ask for the next lots one by one: the deadline is near.
    case askDirectly(WorkStage, round: Int)
    /// Build the batch's file and upload it.
    case upload(ProviderBatch)
    /// An upload whose outcome is unknown: find the file.
    case findUpload(ProviderBatch)
    /// Create the batch.
    case create(ProviderBatch)
    /// A creation whose outcome is unknown: find the batch.
    case findBatch(ProviderBatch)
    /// Ask how the batch is doing.
    case poll(ProviderBatch)
    /// Ask the batch to end early.
    case recall(ProviderBatch)
    /// Store the answers.
    case collect(ProviderBatch)
    /// The job has ended: add up what the answers cost.
    case book(ProviderBatch)
    /// Nothing more is done about it.
    case giveUp(ProviderBatch, GiveUp)
    /// Every lot has an end: end the job.
    case finish
    /// The job's time is over: it ends with what it has.
    case expire
    /// Nothing of an ended job is left outside.
    case endCleanUp
    /// Nothing to do before that time.
    case wait(until: Timestamp)
    /// Nothing to do ever again.
    case release
}

/// Why a provider batch is given up without an act.
public enum GiveUp: Equatable, Sendable, CaseIterable {
    /// Its direct answer may have been paid for and was lost: its lots go with the others.
    case answerLost
    /// No batch would end in time.
    case deadlineNear
    /// The job has ended, and nothing of the batch is at work at the provider.
    case jobEnded
}

/// Every decision about a provider batch: the next act (``next(job:batches:now:deadline:)``), what follows from its
/// outcome (``after(_:_:_:)``), and the moves that are legal at all (``moves``).
public enum BatchMachine {
    /// Legal changes of state; the fault laboratory and docs/job-states.md read them too. nil: the row is new.
    public static let moves: [ProviderBatchState?: Set<ProviderBatchState>] = [
        nil: [.asking, .planned],
        .asking: [.collected, .abandoned],
        .planned: [.uploading, .abandoned],
        .uploading: [.uploaded, .planned, .abandoned],
        .uploaded: [.creating, .planned, .abandoned],
        .creating: [.submitted, .uploaded, .planned, .abandoned],
        // Back to `uploaded`: the batch failed before it did anything, and its file is still at the provider.
        .submitted: [.ended, .uploaded, .abandoned],
        .ended: [.collected, .abandoned],
        .collected: [],
        .abandoned: [],
    ]

    /// The next act of `job`. `now` decides only what is due, and what there is still time for.
    public static func next(
        job: JobRecord, batches: [ProviderBatch], now: Timestamp, deadline: JobDeadline = JobDeadline()
    ) -> JobAct {
        guard job.status.isOpen else {
            return job.cleanupPending ? nextOfCleanUp(batches, now) : .release
        }
        let situation = Situation(job: job, now: now, deadline: deadline)
        switch job.stage {
        case .finalizing, .done: return .finish
        case .queued: return situation.phase == .over ? .expire : .begin
        case .imagePrefetch: return situation.phase == .over ? .expire : .checkImages
        case .visionAnalysis: return next(of: .vision, batches.filter { $0.stage == .vision }, situation)
        case .translation: return next(of: .translation, batches.filter { $0.stage == .translation }, situation)
        }
    }

    /// A job at a moment.
    private struct Situation {
        let job: JobRecord
        let now: Timestamp
        let deadline: JobDeadline
        var phase: JobDeadline.Phase { deadline.phase(of: job, now: now) }
    }

    private static func next(of stage: WorkStage, _ batches: [ProviderBatch], _ at: Situation) -> JobAct {
        // Answers first, then what is due in the order of the batches.
        if let ended = batches.first(where: { $0.state == .ended && $0.notBefore <= at.now }) { return .collect(ended) }
        if at.phase == .over { return .expire }
        for batch in batches where batch.notBefore <= at.now {
            if let act = act(on: batch, at) { return act }
        }
        if let soonest = batches.filter(\.state.isOpen).map(\.notBefore).min() {
            return .wait(until: min(soonest, at.deadline.nextPhase(of: at.job, now: at.now)))
        }
        return begin(stage, batches, at.phase)
    }

    /// No batch is open.
    private static func begin(_ stage: WorkStage, _ batches: [ProviderBatch], _ phase: JobDeadline.Phase) -> JobAct {
        if phase == .direct { return .askDirectly(stage, round: batches.map(\.round).max() ?? 0) }
        if batches.isEmpty { return .open(stage) }
        let heldUp = batches.filter(\.isHeldUp)
        // One lot asked for ahead of its stage is a row of round 0.
        let probed = batches.filter { $0.round == 0 && !$0.isHeldUp }.map(\.sequence).max() ?? 0
        if let latest = heldUp.map(\.sequence).max(), latest > probed { return .probe(stage) }
        // A round in which the account held lines up is done once more.
        let whole = Set(batches.map(\.round)).subtracting(heldUp.map(\.round))
        return .plan(stage, round: (whole.max() ?? 0) + 1)
    }

    /// What an open batch needs; nil for one that needs nothing any more.
    private static func act(on batch: ProviderBatch, _ at: Situation) -> JobAct? {
        switch batch.state {
        case .asking: .giveUp(batch, .answerLost)
        case .planned: at.phase == .batches ? .upload(batch) : .giveUp(batch, .deadlineNear)
        case .uploading: .findUpload(batch)
        case .uploaded: at.phase == .batches ? .create(batch) : .giveUp(batch, .deadlineNear)
        case .creating: .findBatch(batch)
        case .submitted: actOnSubmitted(batch, at)
        case .ended: .collect(batch)
        case .collected, .abandoned: nil
        }
    }

    private static func actOnSubmitted(_ batch: ProviderBatch, _ at: Situation) -> JobAct {
        if at.deadline.isToBeGivenUp(batch, of: at.job, now: at.now) { return .giveUp(batch, .deadlineNear) }
        let isToBeRecalled = at.deadline.isToBeRecalled(batch, of: at.job, now: at.now)
        return isToBeRecalled && !batch.isRecalled ? .recall(batch) : .poll(batch)
    }

    // MARK: After the job's end

    private static func nextOfCleanUp(_ batches: [ProviderBatch], _ now: Timestamp) -> JobAct {
        for batch in batches where batch.notBefore <= now {
            if let act = actOfCleanUp(on: batch, now) { return act }
        }
        if let soonest = batches.filter(\.state.isOpen).map(\.notBefore).min() { return .wait(until: soonest) }
        return .endCleanUp
    }

    /// C4.3: no further money is spent. C5.9: what a batch had answered by then is booked.
    private static func actOfCleanUp(on batch: ProviderBatch, _ now: Timestamp) -> JobAct? {
        switch batch.state {
        case .asking, .planned, .uploaded: .giveUp(batch, .jobEnded)
        case .uploading: .findUpload(batch)
        case .creating: .findBatch(batch)
        case .submitted:
            if batch.batchID == nil || isOutlived(batch, now) {
                .giveUp(batch, .jobEnded)
            } else {
                batch.isRecalled ? .poll(batch) : .recall(batch)
            }
        case .ended: .book(batch)
        case .collected, .abandoned: nil
        }
    }

    // MARK: What an account can tell

    /// Longest life of a provider batch with its settling, seconds.
    static let lifeSeconds = 26.0 * 3600

    /// The batch cannot be at work any more, whatever is known of it.
    static func isOutlived(_ batch: ProviderBatch, _ now: Timestamp) -> Bool {
        batch.intentAt.map { now - $0 >= lifeSeconds } ?? false
    }

    /// The batch was made with another key: a 404 under this key proves nothing. The operator may give the key back;
    /// after the batch's life there is nothing to wait for.
    static func isHidden(_ batch: ProviderBatch, from account: String, _ now: Timestamp) -> Bool {
        batch.account != account && batch.intentAt != nil && !isOutlived(batch, now)
    }
}
