// Chooses the next act of a job and its provider batches from their committed rows alone, so a restart decides the
// same. `BatchMachine+After.swift` decides what follows from an act's outcome. Pure.

/// One act of a job. Each act can be repeated from its start.
public enum JobAct: Equatable, Sendable {
    /// pending -> processing.
    case begin
    /// Check the images of the next lots.
    case checkImages
    /// A stage without provider batches: ask for one lot, plan, or go on if nothing is left to do.
    case open(WorkStage)
    /// No lot has been answered yet, or the account could not run the last batches: ask for one lot, then plan.
    case probe(WorkStage)
    /// Put every lot that still lacks this stage into new batches, or go to the next stage if none does.
    case plan(WorkStage, round: Int)
    /// Ask for the lots one by one: the deadline is near, or the provider has no batches.
    case askDirectly(WorkStage, round: Int)
    /// Build the batch's file and upload it.
    case upload(ProviderBatch)
    /// An upload whose outcome is unknown: find the file.
    case findUpload(ProviderBatch)
    /// Create the batch.
    case create(ProviderBatch)
    /// A creation whose outcome is unknown: find the batch.
    case findBatch(ProviderBatch)
    /// Ask for the batch's status.
    case poll(ProviderBatch)
    /// Ask the batch to end early.
    case recall(ProviderBatch)
    /// The provider has denied the batch for long: ask its list, and cancel the batch in any case.
    case confirmGone(ProviderBatch)
    /// Look for further batches of the row's lots, which may have turned up late.
    case look(ProviderBatch)
    /// Store the answers.
    case collect(ProviderBatch)
    /// Nobody needs its answers any more: add up their cost.
    case book(ProviderBatch)
    /// Give the batch up without an act.
    case giveUp(ProviderBatch, GiveUp)
    /// Every lot has an end: end the job.
    case finish
    /// The job's time is over: end it with the results so far.
    case expire
    /// Close the clean-up: nothing of an ended job is left at the provider.
    case endCleanUp
    /// Wait: nothing is due before that time.
    case wait(until: Timestamp)
    /// Release the job: nothing is left to do.
    case release
}

/// The reason for giving up a provider batch without an act.
public enum GiveUp: Equatable, Sendable, CaseIterable {
    /// Its direct answer may have been paid for and was lost; its lots are planned with the others.
    case answerLost
    /// No batch would end in time.
    case deadlineNear
    /// Batches were switched off after it was planned.
    case batchesOff
    /// The job has ended, and nothing of the batch is at work at the provider.
    case jobEnded
}

/// Every decision about a provider batch: the next act (``next(job:batches:now:deadline:usesBatches:)``), the verdict
/// on its outcome (``after(_:_:_:)``), and the legal moves (``moves``).
public enum BatchMachine {
    /// Legal changes of state. The fault laboratory and docs/job-states.md read them, too. nil: the row is new.
    public static let moves: [ProviderBatchState?: Set<ProviderBatchState>] = [
        // A stray is found at work.
        nil: [.asking, .planned, .submitted],
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

    /// Returns the next act of `job`. `now` decides only which acts are due, and for which ones there is still time.
    /// - Parameter usesBatches: false asks for every lot directly; what is already at the provider is finished.
    public static func next(
        job: JobRecord, batches: [ProviderBatch], now: Timestamp, deadline: JobDeadline = JobDeadline(),
        usesBatches: Bool = true
    ) -> JobAct {
        guard job.status.isOpen else {
            return job.cleanupPending ? nextOfCleanUp(batches, now) : .release
        }
        let situation = Situation(job: job, now: now, deadline: deadline, usesBatches: usesBatches)
        switch job.stage {
        case .finalizing, .done: return .finish
        case .queued: return situation.phase == .over ? .expire : .begin
        case .imagePrefetch: return situation.phase == .over ? .expire : .checkImages
        case .visionAnalysis: return next(of: .vision, batches, situation)
        case .translation: return next(of: .translation, batches, situation)
        }
    }

    /// A job at one moment.
    private struct Situation {
        let job: JobRecord
        let now: Timestamp
        let deadline: JobDeadline
        let usesBatches: Bool
        /// The reason why nothing new goes into a batch; nil if it does.
        var noBatch: GiveUp? {
            if phase != .batches { return .deadlineNear }
            return usesBatches ? nil : .batchesOff
        }
        var phase: JobDeadline.Phase { deadline.phase(of: job, now: now) }
    }

    private static func next(of stage: WorkStage, _ all: [ProviderBatch], _ at: Situation) -> JobAct {
        let batches = all.filter { $0.stage == stage }
        let due = batches.filter { !$0.isStray && $0.notBefore <= at.now }
        // Answers are collected first; then come the due acts, in the order of the batches.
        if let ended = due.first(where: { $0.state == .ended }) { return act(onEnded: ended, at) }
        if at.phase == .over { return .expire }
        for batch in due {
            if let act = act(on: batch, at) { return act }
        }
        if let aside = actAside(all, at.now) { return aside }
        if let soonest = batches.filter({ !$0.isStray && $0.state.isOpen }).map(\.notBefore).min() {
            let times = [at.deadline.nextPhase(of: at.job, now: at.now)] + timesAside(all)
            return .wait(until: times.reduce(soonest, min))
        }
        let next = begin(stage, batches, at)
        guard case .wait(let until) = next else { return next }
        return .wait(until: timesAside(all).reduce(until, min))
    }

    // MARK: Beside the stage

    /// Returns the due act on a stray, or the due look for strays. The stage does not wait for either.
    private static func actAside(_ batches: [ProviderBatch], _ now: Timestamp) -> JobAct? {
        for batch in batches where batch.isStray && batch.notBefore <= now {
            if let act = actOfCleanUp(on: batch, now) { return act }
        }
        return batches.first { isLookDue($0, now) }.map { .look($0) }
    }

    private static func timesAside(_ batches: [ProviderBatch]) -> [Timestamp] {
        batches.filter { $0.isStray && $0.state.isOpen }.map(\.notBefore)
            + batches.filter(mayLook).compactMap(\.lookAgainAt)
    }

    private static func isLookDue(_ batch: ProviderBatch, _ now: Timestamp) -> Bool {
        mayLook(batch) && (batch.lookAgainAt.map { $0 <= now } ?? false)
    }

    /// A batch on its way to a creation has its own look at the list.
    static func mayLook(_ batch: ProviderBatch) -> Bool {
        switch batch.state {
        case .asking, .planned, .uploading, .uploaded, .creating: false
        case .submitted, .ended, .collected, .abandoned: true
        }
    }

    /// No batch is open.
    private static func begin(_ stage: WorkStage, _ batches: [ProviderBatch], _ at: Situation) -> JobAct {
        if at.noBatch != nil { return .askDirectly(stage, round: batches.map(\.round).max() ?? 0) }
        if batches.isEmpty { return .open(stage) }
        if let latest = askBefore(batches) {
            if latest.notBefore <= at.now { return .probe(stage) }
            return .wait(until: min(latest.notBefore, at.deadline.nextPhase(of: at.job, now: at.now)))
        }
        // A round in which the account held lines up is repeated.
        let whole = Set(batches.map(\.round)).subtracting(batches.filter(\.isHeldUp).map(\.round))
        return .plan(stage, round: (whole.max() ?? 0) + 1)
    }

    /// Returns the act that an open batch needs; nil if it needs none any more.
    private static func act(on batch: ProviderBatch, _ at: Situation) -> JobAct? {
        switch batch.state {
        case .asking: .giveUp(batch, .answerLost)
        case .planned: at.noBatch.map { .giveUp(batch, $0) } ?? .upload(batch)
        case .uploading: .findUpload(batch)
        case .uploaded: at.noBatch.map { .giveUp(batch, $0) } ?? .create(batch)
        case .creating:
            at.deadline.isToBeGivenUp(batch, of: at.job, now: at.now)
                ? .giveUp(batch, .deadlineNear) : .findBatch(batch)
        case .submitted: act(onSubmitted: batch, at)
        case .ended: act(onEnded: batch, at)
        case .collected, .abandoned: nil
        }
    }

    private static func act(onEnded batch: ProviderBatch, _ at: Situation) -> JobAct {
        if at.deadline.isToBeGivenUp(batch, of: at.job, now: at.now) { return .giveUp(batch, .deadlineNear) }
        return isDenied(batch, at.now) ? .confirmGone(batch) : .collect(batch)
    }

    private static func act(onSubmitted batch: ProviderBatch, _ at: Situation) -> JobAct {
        if at.deadline.isToBeGivenUp(batch, of: at.job, now: at.now) { return .giveUp(batch, .deadlineNear) }
        if isDenied(batch, at.now) { return .confirmGone(batch) }
        let isToBeRecalled = at.deadline.isToBeRecalled(batch, of: at.job, now: at.now)
        return isToBeRecalled && !batch.isRecalled ? .recall(batch) : .poll(batch)
    }

    // MARK: After the job's end

    private static func nextOfCleanUp(_ batches: [ProviderBatch], _ now: Timestamp) -> JobAct {
        for batch in batches where batch.notBefore <= now {
            if let act = actOfCleanUp(on: batch, now) { return act }
        }
        if let look = batches.first(where: { isLookDue($0, now) }) { return .look(look) }
        let times =
            batches.filter(\.state.isOpen).map(\.notBefore)
            + batches.filter(mayLook).compactMap(\.lookAgainAt)
        return times.min().map { .wait(until: $0) } ?? .endCleanUp
    }

    /// After the job's end no further money is spent (C4.3), and answers until then are booked (C5.9).
    private static func actOfCleanUp(on batch: ProviderBatch, _ now: Timestamp) -> JobAct? {
        switch batch.state {
        case .asking, .planned, .uploaded: .giveUp(batch, .jobEnded)
        case .uploading: .findUpload(batch)
        case .creating: .findBatch(batch)
        case .submitted:
            if batch.batchID == nil || isOutlived(batch, now) {
                .giveUp(batch, .jobEnded)
            } else if isDenied(batch, now) {
                .confirmGone(batch)
            } else {
                batch.isRecalled ? .poll(batch) : .recall(batch)
            }
        case .ended: .book(batch)
        case .collected, .abandoned: nil
        }
    }

    // MARK: Limits of an account's view

    /// Longest life of a provider batch, including its settling time, seconds.
    static let lifeSeconds = 26.0 * 3600
    /// Denials by the provider itself, and the time over which they must be spread, before its list is asked whether a
    /// batch is gone. Batches cannot be deleted, so a 404 comes from something in between, or passes.
    static let denialsMin = 10
    static let denialSeconds = 1800.0

    /// Whether the provider has denied the batch or its file again and again.
    static func isDenied(_ batch: ProviderBatch, _ now: Timestamp) -> Bool {
        batch.denials >= denialsMin && (batch.deniedSince.map { now - $0 >= denialSeconds } ?? false)
    }

    /// Whether the batch is too old to be at work, whatever its row says.
    static func isOutlived(_ batch: ProviderBatch, _ now: Timestamp) -> Bool {
        batch.intentAt.map { now - $0 >= lifeSeconds } ?? false
    }

    /// Whether the batch was made with another key, so that a 404 under this key proves nothing. The operator may
    /// restore that key; after the batch's life there is nothing to wait for.
    static func isHidden(_ batch: ProviderBatch, from account: String, _ now: Timestamp) -> Bool {
        batch.account != account && batch.intentAt != nil && !isOutlived(batch, now)
    }
}
