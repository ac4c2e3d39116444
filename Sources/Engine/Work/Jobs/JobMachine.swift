// What a job needs next, decided from its committed rows alone: a restart decides the same. Pure.

/// One step of a job. Each can be repeated from its start.
public enum JobStep: Equatable, Sendable {
    /// pending -> processing.
    case begin
    /// Look at the images of the next lots.
    case checkImages
    /// A stage without batches: send a canary, plan, or go on if nothing is left to do.
    case open(WorkStage)
    /// A canary whose outcome is unknown: never ask again, let its lot go with the others.
    case abandonCanary(ProviderBatch)
    /// The account could not run the last batches: ask for one lot until it can, then plan.
    case probe(WorkStage)
    /// Put every lot that still lacks this stage into new batches, or go to the next stage if none does.
    case plan(WorkStage, round: Int)
    /// Build the batch's file and upload it.
    case upload(ProviderBatch)
    /// An upload whose outcome is unknown: find the file or start again.
    case reviewUpload(ProviderBatch)
    /// Create the batch.
    case create(ProviderBatch)
    /// A creation whose outcome is unknown: find the batch, or create again once it is sure that there is none.
    case reconcile(ProviderBatch)
    /// Ask the batch to end early.
    case recall(ProviderBatch)
    /// The batch does not end, or is not wanted any more: let its lots be asked for otherwise.
    case giveUp(ProviderBatch)
    /// Ask for the next lots one by one: the deadline is near.
    case askDirectly(WorkStage, round: Int)
    /// Ask how the batch is doing.
    case poll(ProviderBatch)
    /// Store the answers.
    case collect(ProviderBatch)
    /// Every lot has an end: end the job.
    case finish
    /// The job's time is over: it ends with what it has.
    case expire
    /// The job ended early: take back what is outside.
    case cleanUp(ProviderBatch)
    /// Nothing is outside any more.
    case endCleanUp
    /// Nothing to do before that time.
    case wait(until: Timestamp)
    /// Nothing to do ever again.
    case release
}

public enum JobMachine {
    /// Times that a lot is sent to the provider in a stage before it fails; the last one carries its images inline
    /// (C5.4).
    public static let maxRounds = 3

    /// The next step of `job`. `now` decides only what is due, and what there is still time for.
    public static func next(
        job: JobRecord, batches: [ProviderBatch], now: Timestamp, deadline: JobDeadline = JobDeadline()
    ) -> JobStep {
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

    private static func next(of stage: WorkStage, _ batches: [ProviderBatch], _ at: Situation) -> JobStep {
        // Answers first, then what is due in the order of the batches.
        if let ended = batches.first(where: { $0.state == .ended && $0.notBefore <= at.now }) { return .collect(ended) }
        if at.phase == .over { return .expire }
        for batch in batches where batch.notBefore <= at.now {
            if let step = step(of: batch, at) { return step }
        }
        let open = batches.filter(isOpen)
        if let soonest = open.map(\.notBefore).min() {
            return .wait(until: min(soonest, at.deadline.nextPhase(of: at.job, now: at.now)))
        }
        return begin(stage, batches, at.phase)
    }

    /// No batch is open.
    private static func begin(_ stage: WorkStage, _ batches: [ProviderBatch], _ phase: JobDeadline.Phase) -> JobStep {
        if phase == .direct { return .askDirectly(stage, round: batches.map(\.round).max() ?? 0) }
        if batches.isEmpty { return .open(stage) }
        let heldUp = batches.filter(\.isHeldUp)
        // A canary is a batch of round 0.
        let probed = batches.filter { $0.round == 0 && !$0.isHeldUp }.map(\.sequence).max() ?? 0
        if let latest = heldUp.map(\.sequence).max(), latest > probed { return .probe(stage) }
        // A round in which the account held lines up is done once more.
        let whole = Set(batches.map(\.round)).subtracting(heldUp.map(\.round))
        return .plan(stage, round: (whole.max() ?? 0) + 1)
    }

    private static func isOpen(_ batch: ProviderBatch) -> Bool {
        switch batch.state {
        case .canary, .planned, .uploading, .uploaded, .creating, .submitted, .ended: true
        case .collected, .abandoned: false
        }
    }

    /// What an open batch needs; nil for one that needs nothing any more.
    private static func step(of batch: ProviderBatch, _ at: Situation) -> JobStep? {
        switch batch.state {
        case .canary: .abandonCanary(batch)
        case .planned: at.phase == .batches ? .upload(batch) : .giveUp(batch)
        case .uploading: .reviewUpload(batch)
        case .uploaded: at.phase == .batches ? .create(batch) : .giveUp(batch)
        case .creating: .reconcile(batch)
        case .submitted: stepOfSubmitted(batch, at)
        case .ended: .collect(batch)
        case .collected, .abandoned: nil
        }
    }

    private static func stepOfSubmitted(_ batch: ProviderBatch, _ at: Situation) -> JobStep {
        if at.deadline.isToBeGivenUp(batch, of: at.job, now: at.now) { return .giveUp(batch) }
        let isToBeRecalled = at.deadline.isToBeRecalled(batch, of: at.job, now: at.now)
        return isToBeRecalled && !batch.isRecalled ? .recall(batch) : .poll(batch)
    }

    private static func nextOfCleanUp(_ batches: [ProviderBatch], _ now: Timestamp) -> JobStep {
        let open = batches.filter(isOpen)
        if let due = open.first(where: { $0.notBefore <= now }) { return .cleanUp(due) }
        if let soonest = open.map(\.notBefore).min() { return .wait(until: soonest) }
        return .endCleanUp
    }

}
