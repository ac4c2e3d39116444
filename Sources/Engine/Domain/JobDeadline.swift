// The time limit of a job (`DEADLINE_HOURS`) and the work that may still begin before it. Pure.

/// A job's time from its acceptance. Batches get most of it; in the last eighth the
/// remaining lots are requested directly.
public struct JobDeadline: Sendable, Equatable {
    /// Share of a job's time that is reserved for direct requests.
    static let directPart = 0.125
    /// Age in seconds after which a batch is cancelled; the provider promises an end after 24 hours.
    static let batchSeconds = 25.0 * 3600
    /// Failures in a row after which a batch that cannot be asked counts like one that was recalled and did not end.
    static let failuresMax = 3
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

    /// Seconds until nothing new goes into a batch; negative afterwards.
    func batchSecondsLeft(of job: JobRecord, now: Timestamp) -> Double { directFrom(job) - now }

    private func lastHalf(_ job: JobRecord) -> Timestamp { job.createdAt + seconds * (1 - Self.directPart / 2) }
    private func lastQuarter(_ job: JobRecord) -> Timestamp { job.createdAt + seconds * (1 - Self.directPart / 4) }

    /// True if the batch must be recalled: the job has no time left for it, or
    /// it is older than the provider promises.
    func isToBeRecalled(_ batch: ProviderBatch, of job: JobRecord, now: Timestamp) -> Bool {
        phase(of: job, now: now) != .batches || age(batch, now) > Self.batchSeconds
    }

    /// True if the job cannot wait for the batch any longer. Its lines are then requested by other means, although the
    /// provider may answer, and charge, them too: a lot in time is worth more than the second charge.
    func isToBeGivenUp(_ batch: ProviderBatch, of job: JobRecord, now: Timestamp) -> Bool {
        let isUseless = batch.isRecalled || batch.failures >= Self.failuresMax
        switch (phase(of: job, now: now), batch.state) {
        case (.batches, .submitted): return isUseless && age(batch, now) > Self.batchSeconds + Self.recallSeconds
        case (.direct, .submitted): return now >= lastQuarter(job) || (isUseless && now >= lastHalf(job))
        case (.direct, .creating): return now >= lastHalf(job)
        case (.direct, .ended): return batch.failures >= Self.failuresMax && now >= lastHalf(job)
        case (.over, _), (_, .asking), (_, .planned), (_, .uploading), (_, .uploaded), (_, .collected),
            (_, .abandoned), (.batches, .creating), (.batches, .ended):
            return false
        }
    }

    private func age(_ batch: ProviderBatch, _ now: Timestamp) -> Double { batch.intentAt.map { now - $0 } ?? 0 }
}
