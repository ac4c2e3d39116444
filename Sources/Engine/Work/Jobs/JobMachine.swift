// What a job needs next, decided from its committed rows alone: a restart decides the same. Pure.

/// One step of a job. Each can be repeated from its start.
public enum JobStep: Equatable, Sendable {
    /// pending -> processing.
    case begin
    /// Look at the images of the next lots.
    case checkImages
    /// A stage without shards: send a canary, plan, or go on if nothing is left to do.
    case open(WorkStage)
    /// A canary whose outcome is unknown: never ask again, let its lot go with the others.
    case abandonCanary(ShardRecord)
    /// The account could not run the last shards: ask for one lot until it can, then plan.
    case probe(WorkStage)
    /// Put every lot that still lacks this stage into new shards, or go to the next stage if none does.
    case plan(WorkStage, round: Int)
    /// Build the shard's file and upload it.
    case upload(ShardRecord)
    /// An upload whose outcome is unknown: find the file or start again.
    case reviewUpload(ShardRecord)
    /// Create the batch.
    case create(ShardRecord)
    /// A creation whose outcome is unknown: find the batch, or create again once it is sure that there is none.
    case reconcile(ShardRecord)
    /// Ask the batch to end early.
    case recall(ShardRecord)
    /// The batch does not end, or is not wanted any more: let its lots be asked for otherwise.
    case giveUp(ShardRecord)
    /// Ask for the next lots one by one: the deadline is near.
    case askDirectly(WorkStage, round: Int)
    /// Ask how the batch is doing.
    case poll(ShardRecord)
    /// Store the answers.
    case collect(ShardRecord)
    /// Every lot has an end: end the job.
    case finish
    /// The job's time is over: it ends with what it has.
    case expire
    /// The job ended early: take back what is outside.
    case cleanUp(ShardRecord)
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
        job: JobRecord, shards: [ShardRecord], now: Timestamp, deadline: JobDeadline = JobDeadline()
    ) -> JobStep {
        guard job.status.isOpen else {
            return job.cleanupPending ? nextOfCleanUp(shards, now) : .release
        }
        let situation = Situation(job: job, now: now, deadline: deadline)
        switch job.stage {
        case .finalizing, .done: return .finish
        case .queued: return situation.phase == .over ? .expire : .begin
        case .imagePrefetch: return situation.phase == .over ? .expire : .checkImages
        case .visionAnalysis: return next(of: .vision, shards.filter { $0.stage == .vision }, situation)
        case .translation: return next(of: .translation, shards.filter { $0.stage == .translation }, situation)
        }
    }

    /// A job at a moment.
    private struct Situation {
        let job: JobRecord
        let now: Timestamp
        let deadline: JobDeadline
        var phase: JobDeadline.Phase { deadline.phase(of: job, now: now) }
    }

    private static func next(of stage: WorkStage, _ shards: [ShardRecord], _ at: Situation) -> JobStep {
        // Answers first, then what is due in the order of the shards.
        if let ended = shards.first(where: { $0.state == .ended && $0.notBefore <= at.now }) { return .collect(ended) }
        if at.phase == .over { return .expire }
        for shard in shards where shard.notBefore <= at.now {
            if let step = step(of: shard, at) { return step }
        }
        let open = shards.filter(isOpen)
        if let soonest = open.map(\.notBefore).min() {
            return .wait(until: min(soonest, at.deadline.nextPhase(of: at.job, now: at.now)))
        }
        return begin(stage, shards, at.phase)
    }

    /// No shard is open.
    private static func begin(_ stage: WorkStage, _ shards: [ShardRecord], _ phase: JobDeadline.Phase) -> JobStep {
        if phase == .direct { return .askDirectly(stage, round: shards.map(\.round).max() ?? 0) }
        if shards.isEmpty { return .open(stage) }
        let heldUp = shards.filter(\.isHeldUp)
        // A canary is a shard of round 0.
        let probed = shards.filter { $0.round == 0 && !$0.isHeldUp }.map(\.sequence).max() ?? 0
        if let latest = heldUp.map(\.sequence).max(), latest > probed { return .probe(stage) }
        // A round in which the account held lines up is done once more.
        let whole = Set(shards.map(\.round)).subtracting(heldUp.map(\.round))
        return .plan(stage, round: (whole.max() ?? 0) + 1)
    }

    private static func isOpen(_ shard: ShardRecord) -> Bool {
        switch shard.state {
        case .canary, .planned, .uploading, .uploaded, .creating, .submitted, .ended: true
        case .collected, .abandoned: false
        }
    }

    /// What an open shard needs; nil for one that needs nothing any more.
    private static func step(of shard: ShardRecord, _ at: Situation) -> JobStep? {
        switch shard.state {
        case .canary: .abandonCanary(shard)
        case .planned: at.phase == .batches ? .upload(shard) : .giveUp(shard)
        case .uploading: .reviewUpload(shard)
        case .uploaded: at.phase == .batches ? .create(shard) : .giveUp(shard)
        case .creating: .reconcile(shard)
        case .submitted: stepOfSubmitted(shard, at)
        case .ended: .collect(shard)
        case .collected, .abandoned: nil
        }
    }

    private static func stepOfSubmitted(_ shard: ShardRecord, _ at: Situation) -> JobStep {
        if at.deadline.isToBeGivenUp(shard, of: at.job, now: at.now) { return .giveUp(shard) }
        let isToBeRecalled = at.deadline.isToBeRecalled(shard, of: at.job, now: at.now)
        return isToBeRecalled && !shard.isRecalled ? .recall(shard) : .poll(shard)
    }

    private static func nextOfCleanUp(_ shards: [ShardRecord], _ now: Timestamp) -> JobStep {
        let open = shards.filter(isOpen)
        if let due = open.first(where: { $0.notBefore <= now }) { return .cleanUp(due) }
        if let soonest = open.map(\.notBefore).min() { return .wait(until: soonest) }
        return .endCleanUp
    }

}
