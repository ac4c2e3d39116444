// Progress of a job's stages and provider batches, shared by all streams that watch the job. Counting the stages of
// 50,000 lots takes PostgreSQL a sixth of a second. So one count serves all streams, slow counts are repeated less
// often, and stages that are over are not counted again. Loop-bound: one per shard.
import Engine

final class InsideLooks {
    /// Shortest time for which an answer is kept, seconds.
    static let freshSeconds = 2.0
    /// An answer is also kept for this many times the duration of its queries, so they take at most a twentieth of a
    /// connection.
    static let restFactor = 20.0
    /// Most jobs that are remembered; each stream watches one.
    static let jobsMax = LiveFeed.streamsMax

    private let loop: Loop
    private let database: Database
    private var jobs: [Identifier: JobLook] = [:]
    private var turn = 0

    init(on loop: Loop, database: Database) {
        self.loop = loop
        self.database = database
    }

    func close() { for job in jobs.values { job.look.close() } }

    func look(_ job: JobView) async throws -> JobInsideView {
        turn += 1
        let known = jobs[job.id] ?? JobLook(on: loop)
        known.usedAt = turn
        jobs[job.id] = known
        if jobs.count > InsideLooks.jobsMax { forget() }
        let found = try await known.look.look(isGood: { $0.status == job.status && $0.stage == job.stage }) {
            [database] in try await known.ask(database, job)
        }
        return JobInsideView(job, stages: found.stages, batches: found.batches)
    }

    private func forget() {
        guard let eldest = jobs.min(by: { $0.value.usedAt < $1.value.usedAt }) else { return }
        jobs[eldest.key] = nil
    }
}

/// The answers for one job.
private final class JobLook {
    struct Snapshot {
        /// The job's status at the query. Once the job has gone on, the answer is stale.
        let status: JobStatus
        let stage: String
        let stages: [StageCount]
        let batches: [BatchView]
    }

    let look: SharedLook<Snapshot>
    var usedAt = 0
    /// Counts of stages that the job has left: they get no more rows.
    private var closed: [String: StageCount] = [:]

    init(on loop: Loop) {
        look = SharedLook(on: loop, freshSeconds: InsideLooks.freshSeconds, restFactor: InsideLooks.restFactor)
    }

    func ask(_ database: Database, _ job: JobView) async throws -> Snapshot {
        let open = JobInsideView.countedStages.filter { closed[$0] == nil }
        // Stages without a row yet are left out.
        var counts = closed
        for count in try await JobInside.stages(database, job: job.id, stages: open) { counts[count.stage] = count }
        for stage in open where job.hasLeft(stage) {
            closed[stage] = counts[stage] ?? StageCount(stage: stage, done: 0, failed: 0)
        }
        return Snapshot(
            status: job.status, stage: job.stage, stages: Array(counts.values),
            batches: try await JobInside.batches(database, job: job.id))
    }
}

extension JobView {
    /// Whether the stage's rows are complete. The job's row that shows it was committed after them.
    fileprivate func hasLeft(_ stage: String) -> Bool {
        guard status.isOpen else { return true }
        let here = ["images": "image_prefetch", "vision": "vision_analysis", "translation": "translation"][stage]
        let order = JobStage.allCases.map(\.rawValue)
        guard let now = order.firstIndex(of: self.stage), let then = order.firstIndex(of: here ?? "") else {
            return false
        }
        return now > then
    }
}
