// The time limit of a job (`DEADLINE_HOURS`) and the work that may still begin before it. Pure.

/// A job's time from its acceptance. Batches get most of it; in the last eighth the
/// remaining lots are requested directly.
public struct JobDeadline: Sendable, Equatable {
    /// Share of a job's time that is reserved for direct requests.
    static let directPart = 0.125
    /// Age in seconds after which a batch is cancelled; the provider promises an end after 24 hours.
    static let batchSeconds = 25.0 * 3600
    /// Seconds that a cancelled batch may take to end before it is given up; the provider states ten minutes.
    static let recallSeconds = 3600.0

    public enum Phase: Equatable, Sendable {
        /// Work goes through batches.
        case batches
        /// Nothing new goes into a batch, and unfinished batches are recalled.
        case direct
        /// The job ends with the results it has.
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

    /// The time of the next change of phase.
    func nextPhase(of job: JobRecord, now: Timestamp) -> Timestamp {
        now < directFrom(job) ? directFrom(job) : end(of: job)
    }

    /// True if the batch must be recalled: the job has no time left for it, or
    /// it is older than the provider promises.
    func isToBeRecalled(_ batch: ProviderBatch, of job: JobRecord, now: Timestamp) -> Bool {
        phase(of: job, now: now) != .batches || age(batch, now) > Self.batchSeconds
    }

    /// True if the batch was recalled and did not end. Its lines are then requested by other means, although the
    /// provider may answer, and charge, them too: a lot in time is worth more than the second charge.
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
