// Works on one claimed job: reads its committed rows, asks the machine for the next step, does it, commits, asks again.
// Loop-bound. It remembers nothing that matters: whatever ends it, another runner goes on from the rows.
import Logging

public final class JobRunner {
    let context: JobContext
    let lease: Lease
    /// `run` has returned.
    private(set) var isOver = false
    private var failures = 0
    private var shardFailures: [Identifier: Int] = [:]
    /// Images are looked at in the order of the lots; where the last window ended.
    var imageCursor = 0
    /// Batches of a shard that came to nothing; unlike `shardFailures` a step that succeeds does not forget them.
    private var setbacks: [Identifier: Int] = [:]
    /// Batches of a shard that found the queue full or the quota spent.
    private var refusals: [Identifier: Int] = [:]

    init(context: JobContext, lease: Lease) {
        self.context = context
        self.lease = lease
    }

    var log: Logger {
        var log = context.log
        log[metadataKey: "job"] = "\(lease.job)"
        return log
    }

    /// Until the job is over, the lease is lost, or the task is cancelled.
    func run() async {
        defer { isOver = true }
        while !Task.isCancelled {
            do {
                guard try await advance() else { return }
                failures = 0
            } catch is LeaseLost {
                log.info("Background worker: lease lost, job left to its new holder")
                return
            } catch is CancellationError {
                return
            } catch {
                if Task.isCancelled { return }
                guard await recover(from: error) else { return }
            }
        }
    }

    /// One step. Returns false when there is nothing left to do.
    func advance() async throws -> Bool {
        guard let job = try await LoadJob.run(context.database, job: lease.job), job.epoch == lease.epoch else {
            throw LeaseLost(job: lease.job)
        }
        let shards = try await Shards.load(context.database, job: lease.job)
        let step = JobMachine.next(job: job, shards: shards, now: Timestamp.now())
        log.debug("step", metadata: ["step": "\(step.name)"])
        return try await perform(step, job)
    }

    private func perform(_ step: JobStep, _ job: JobRecord) async throws -> Bool {
        switch step {
        case .begin: try await begin(job)
        case .checkImages: try await checkImages(job)
        case .open(let stage): try await open(stage, job)
        case .abandonCanary(let shard): try await abandon(shard, because: "The canary's answer was lost")
        case .plan(let stage, let round): try await plan(stage, round: round, job)
        case .upload(let shard): try await upload(shard, job)
        case .reviewUpload(let shard): try await reviewUpload(shard)
        case .create(let shard): try await create(shard)
        case .reconcile(let shard): try await reconcile(shard)
        case .poll(let shard): try await poll(shard)
        case .collect(let shard): try await collect(shard, job)
        case .finish: try await finish(job)
        case .cleanUp(let shard): try await cleanUp(shard)
        case .endCleanUp:
            try await commit(ended: true) { try await JobProgress.clean($0, job: self.lease.job) }
            return false
        case .wait(let until): try await wait(until: until)
        case .release: return false
        }
        return true
    }

    // MARK: For the steps

    /// Writes under the lease: nothing is written if it is lost.
    func commit<Value>(ended: Bool = false, _ body: (DatabaseSession) async throws -> Value) async throws -> Value {
        try await context.database.transaction { session in
            try await HoldLease.run(session, self.lease, ended: ended)
            return try await body(session)
        }
    }

    /// Reads many rows over a connection of its own: on the shared ones status polls would wait behind them.
    func read<Value>(_ body: (DatabaseSession) async throws -> Value) async throws -> Value {
        try await context.database.session(body)
    }

    /// Puts a shard off: it is due again after a back-off that grows with its failures in a row.
    /// - Parameter state: where it goes back to; nil leaves it where its row says.
    func postpone(
        _ shard: ShardRecord, to state: ShardState? = nil, because reason: String, atLeast seconds: Double = 0
    ) async throws {
        let failures = (shardFailures[shard.id] ?? 0) + 1
        shardFailures[shard.id] = failures
        let wait = max(seconds, backoff(failures))
        log.warning("\(reason)", metadata: ["shard": "\(shard.id)", "again_in_seconds": "\(wait)"])
        try await commit(ended: true) { session in
            if let state {
                try await ShardTransitions.move(session, shard: shard.id, to: state, error: reason, wait: wait)
            } else {
                try await ShardTransitions.delay(session, shard: shard.id, error: reason, wait: wait)
            }
        }
    }

    /// The shard got one step on: its next failure is its first again.
    func succeeded(_ shard: ShardRecord) {
        shardFailures[shard.id] = nil
    }

    /// Seconds to wait after one more creation that went through and was refused later; it grows with the refusals.
    func waitAfterRefusal(_ shard: ShardRecord) -> Double {
        refusals[shard.id, default: 0] += 1
        return max(context.configuration.pollSeconds, backoff(refusals[shard.id, default: 1]))
    }

    /// Counts one more batch of the shard that came to nothing.
    func setback(_ shard: ShardRecord) -> Int {
        setbacks[shard.id, default: 0] += 1
        return setbacks[shard.id, default: 0]
    }

    /// Says in the job's row why it stands still; nil: it does not any more.
    func tell(_ message: String?) async throws {
        try await commit { try await JobProgress.trouble($0, job: self.lease.job, message: message) }
    }

    /// Longest life of a batch and its settling, seconds.
    private static let batchLifeSeconds = 26.0 * 3600

    /// The shard's batch was made with another key: that this one does not see it tells nothing. The operator may give
    /// the key back; after the batch's life there is nothing to wait for.
    func isHidden(_ shard: ShardRecord) -> Bool {
        guard shard.account != context.account, let since = shard.intentAt else { return false }
        return Timestamp.now() - since < Self.batchLifeSeconds
    }

    static let hiddenReason = "The batch was made with another OpenAI key, and this one does not see it"

    func backoff(_ failures: Int) -> Double {
        let full = context.configuration.backoffFirstSeconds * Double(1 << min(failures - 1, 10))
        return min(full, context.configuration.backoffMaxSeconds) * Double.random(in: 0.75...1)
    }

    /// After an error that no step handles (the database is away, OpenAI cannot be reached): wait and start the step
    /// again.
    private func recover(from error: any Error) async -> Bool {
        failures += 1
        log.warning("Background worker: step failed, will be repeated", metadata: ["error": "\(error)"])
        do {
            let asked = (error as? OpenAIError)?.retryAfter ?? 0
            try await context.loop.sleep(seconds: max(backoff(failures), asked))
            return true
        } catch { return false }
    }

    private func wait(until: Timestamp) async throws {
        try await context.loop.sleep(seconds: max(0.001, until - Timestamp.now()))
    }
}

extension JobRecord {
    /// The positions of its lots, so many at a time.
    func windows(of size: Int) -> [Range<Int>] {
        stride(from: 0, to: totalLots, by: size).map { $0..<min($0 + size, totalLots) }
    }
}

extension JobStep {
    /// For the log.
    var name: String {
        switch self {
        case .begin: "begin"
        case .checkImages: "check images"
        case .open(let stage): "open \(stage)"
        case .abandonCanary: "abandon canary"
        case .plan(let stage, let round): "plan \(stage) round \(round)"
        case .upload: "upload"
        case .reviewUpload: "review upload"
        case .create: "create"
        case .reconcile: "reconcile"
        case .poll: "poll"
        case .collect: "collect"
        case .finish: "finish"
        case .cleanUp: "clean up"
        case .endCleanUp: "end clean-up"
        case .wait: "wait"
        case .release: "release"
        }
    }
}
