// When a job has to be over (`DEADLINE_HOURS`), and what may still be begun before that. Pure.

/// A job's time from its acceptance. Batches have the most of it; what they have left undone is asked for directly in
/// the last eighth.
public struct JobDeadline: Sendable, Equatable {
    /// What of a job's time is kept for direct calls.
    static let directPart = 0.125
    /// The provider promises an end after 24 hours; a batch that is older is asked to end, seconds.
    static let batchSeconds = 25.0 * 3600
    /// How long it may take to follow (the provider says ten minutes), before it is given up, seconds.
    static let recallSeconds = 3600.0

    public enum Phase: Equatable, Sendable {
        /// Work goes through batches.
        case batches
        /// Nothing new goes into a batch, and what is in one is taken back.
        case direct
        /// The job ends with what it has.
        case over
    }

    public var seconds: Double

    public init(hours: Double = 24) { seconds = hours * 3600 }

    private func directFrom(_ job: JobRecord) -> Timestamp { job.createdAt + seconds * (1 - Self.directPart) }
    public func end(of job: JobRecord) -> Timestamp { job.createdAt + seconds }

    public func phase(of job: JobRecord, now: Timestamp) -> Phase {
        if now >= end(of: job) { return .over }
        return now >= directFrom(job) ? .direct : .batches
    }

    /// When the phase changes next.
    func nextPhase(of job: JobRecord, now: Timestamp) -> Timestamp {
        now < directFrom(job) ? directFrom(job) : end(of: job)
    }

    /// Its batch has to come back: no time is left for it, or it has outlived what the provider promises.
    func isToBeRecalled(_ batch: ProviderBatch, of job: JobRecord, now: Timestamp) -> Bool {
        phase(of: job, now: now) != .batches || age(batch, now) > Self.batchSeconds
    }

    /// It was asked to end and did not. Its lines are asked for otherwise, although it may answer them too: a lot in
    /// time is worth more than what the provider then takes twice.
    func isToBeGivenUp(_ batch: ProviderBatch, of job: JobRecord, now: Timestamp) -> Bool {
        guard batch.isRecalled else { return false }
        switch phase(of: job, now: now) {
        case .batches: return age(batch, now) > Self.batchSeconds + Self.recallSeconds
        case .direct: return now >= job.createdAt + seconds * (1 - Self.directPart / 2)
        case .over: return false
        }
    }

    private func age(_ batch: ProviderBatch, _ now: Timestamp) -> Double { batch.intentAt.map { now - $0 } ?? 0 }
}
