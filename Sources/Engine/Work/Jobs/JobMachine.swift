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
    /// Ask how the batch is doing.
    case poll(ShardRecord)
    /// Store the answers.
    case collect(ShardRecord)
    /// Every lot has an end: end the job.
    case finish
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

    /// The next step of `job`. `now` decides only what is due, never what is right.
    public static func next(job: JobRecord, shards: [ShardRecord], now: Timestamp) -> JobStep {
        guard job.status.isOpen else {
            return job.cleanupPending ? nextOfCleanUp(shards, now) : .release
        }
        switch job.stage {
        case .queued: return .begin
        case .imagePrefetch: return .checkImages
        case .visionAnalysis: return next(of: .vision, shards.filter { $0.stage == .vision }, now)
        case .translation: return next(of: .translation, shards.filter { $0.stage == .translation }, now)
        case .finalizing, .done: return .finish
        }
    }

    private static func next(of stage: WorkStage, _ shards: [ShardRecord], _ now: Timestamp) -> JobStep {
        guard !shards.isEmpty else { return .open(stage) }
        // Answers first, then what is due in the order of the shards.
        if let ended = shards.first(where: { $0.state == .ended && $0.notBefore <= now }) { return .collect(ended) }
        for shard in shards where shard.notBefore <= now {
            if let step = step(of: shard) { return step }
        }
        let open = shards.filter { step(of: $0) != nil }
        if let soonest = open.map(\.notBefore).min() { return .wait(until: soonest) }
        return .plan(stage, round: (shards.map(\.round).max() ?? 0) + 1)
    }

    /// What an open shard needs; nil for one that needs nothing any more.
    private static func step(of shard: ShardRecord) -> JobStep? {
        switch shard.state {
        case .canary: .abandonCanary(shard)
        case .planned: .upload(shard)
        case .uploading: .reviewUpload(shard)
        case .uploaded: .create(shard)
        case .creating: .reconcile(shard)
        case .submitted: .poll(shard)
        case .ended: .collect(shard)
        case .collected, .abandoned: nil
        }
    }

    private static func nextOfCleanUp(_ shards: [ShardRecord], _ now: Timestamp) -> JobStep {
        let open = shards.filter { needsCleanUp($0) }
        if let due = open.first(where: { $0.notBefore <= now }) { return .cleanUp(due) }
        if let soonest = open.map(\.notBefore).min() { return .wait(until: soonest) }
        return .endCleanUp
    }

    private static func needsCleanUp(_ shard: ShardRecord) -> Bool {
        switch shard.state {
        case .canary, .planned, .uploading, .uploaded, .creating, .submitted: true
        case .ended, .collected, .abandoned: false
        }
    }
}
