// Works on one claimed job: reads its committed rows, asks the machine for the next step, does it, commits, asks again.
// Loop-bound. It remembers nothing that matters: whatever ends it, another runner goes on from the rows.
import Logging

public final class JobRunner {
    let context: JobContext
    let lease: JobLease
    /// `run` has returned.
    private(set) var isOver = false
    /// No further step is begun.
    var isLeaving = false
    /// A call is under way that may be paid for.
    private(set) var isPaying = false
    private var failures = 0
    private var shardFailures: [Identifier: Int] = [:]
    /// Images are looked at in the order of the lots; where the last window ended.
    var imageCursor = 0
    /// Batches of a shard that came to nothing; unlike `shardFailures` a step that succeeds does not forget them.
    private var setbacks: [Identifier: Int] = [:]
    /// Batches of a shard that found the queue full or the quota spent.
    private var refusals: [Identifier: Int] = [:]

    init(context: JobContext, lease: JobLease) {
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
        while !Task.isCancelled, !isLeaving {
            do {
                let outcome = try await inPlace { try await self.advance() }
                failures = 0
                switch outcome {
                case .goOn: break
                case .rest(let until): try await context.loop.sleep(seconds: max(0.001, until - Timestamp.now()))
                case .over: return
                }
            } catch is LeaseLost {
                log.info("Background worker: lease lost, job left to its new holder")
                return
            } catch is CancellationError {
                return
            } catch {
                if Task.isCancelled || isLeaving { return }
                guard await recover(from: error) else { return }
            }
        }
    }

    /// After each step others get their turn, so that a large job does not hold up small ones.
    private func inPlace(_ body: () async throws -> StepOutcome) async throws -> StepOutcome {
        try await context.places.enter()
        defer { context.places.leave() }
        return try await body()
    }

    /// One step.
    func advance() async throws -> StepOutcome {
        guard let job = try await LoadJob.run(context.database, job: lease.job), job.epoch == lease.epoch else {
            throw LeaseLost(job: lease.job)
        }
        let shards = try await ProviderBatches.load(context.database, job: lease.job)
        let step = JobMachine.next(
            job: job, batches: shards, now: Timestamp.now(), deadline: context.configuration.deadline)
        log.debug("step", metadata: ["step": "\(step.name)"])
        return try await perform(step, job, shards)
    }

    private func perform(_ step: JobStep, _ job: JobRecord, _ shards: [ProviderBatch]) async throws -> StepOutcome {
        switch step {
        case .begin: try await begin(job)
        case .checkImages: try await checkImages(job)
        case .open(let stage): try await open(stage, job)
        case .abandonCanary(let shard): try await abandon(shard, because: "The canary's answer was lost")
        case .probe(let stage): try await probe(stage, job)
        case .plan(let stage, let round): try await plan(stage, round: round, job)
        case .upload(let shard): try await upload(shard, job)
        case .reviewUpload(let shard): try await reviewUpload(shard)
        case .create(let shard): try await create(shard)
        case .reconcile(let shard): try await reconcile(shard)
        case .poll(let shard): try await poll(shard, among: shards)
        case .recall(let shard): try await recall(shard)
        case .giveUp(let shard): try await abandon(shard, because: "The job's deadline was near")
        case .askDirectly(let stage, let round): try await askDirectly(stage, round: round, job)
        case .collect(let shard): try await collect(shard, job)
        case .finish: try await finish(job, ofOpenLots: "The lot was not processed")
        case .expire: try await expire(job, shards)
        case .cleanUp(let shard): try await cleanUp(shard, job)
        case .endCleanUp:
            try await commit(ended: true) {
                try await JobProgress.clean($0, job: self.lease.job)
                CrashPoint.cleanedCommitting.pass()
            }
            CrashPoint.cleanedCommitted.pass()
            return .over
        case .wait(let until): return .rest(until)
        case .release: return .over
        }
        return .goOn
    }

    // MARK: For the steps

    /// Marks what costs money: an orderly stop lets it come to its end.
    func paying<Value>(_ body: () async throws -> Value) async throws -> Value {
        isPaying = true
        defer { isPaying = false }
        return try await body()
    }

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

    /// Writes down what was paid for: not given up because the database is away for a while.
    func surely(_ write: () async throws -> Void) async throws {
        let last = await context.database.insist(
            goesOn: { error, failures in
                let isAway = (error as? DatabaseError)?.sqlState == nil && error is DatabaseError
                guard isAway, !Task.isCancelled else { return false }
                if failures == 1 { self.log.warning("Background worker: an answer waits for the database") }
                return true
            }, write)
        if let last { throw last }
    }

    /// Puts a shard off: it is due again after a back-off that grows with its failures in a row.
    /// - Parameter state: where it goes back to; nil leaves it where its row says.
    func postpone(
        _ shard: ProviderBatch, to state: ProviderBatchState? = nil, because reason: String, atLeast seconds: Double = 0
    ) async throws {
        let failures = (shardFailures[shard.id] ?? 0) + 1
        shardFailures[shard.id] = failures
        let wait = max(seconds, backoff(failures))
        log.warning("\(reason)", metadata: ["batch": "\(shard.id)", "again_in_seconds": "\(wait)"])
        try await commit(ended: true) { session in
            if let state {
                try await ProviderBatchMoves.move(session, batch: shard.id, to: state, error: reason, wait: wait)
            } else {
                try await ProviderBatchMoves.delay(session, batch: shard.id, error: reason, wait: wait)
            }
            CrashPoint.postponeCommitting.pass()
        }
        CrashPoint.postponeCommitted.pass()
    }

    /// The shard got one step on: its next failure is its first again.
    func succeeded(_ shard: ProviderBatch) {
        shardFailures[shard.id] = nil
    }

    /// Seconds to wait after one more creation that went through and was refused later; it grows with the refusals.
    func waitAfterRefusal(_ shard: ProviderBatch) -> Double {
        refusals[shard.id, default: 0] += 1
        return max(context.configuration.pollSeconds, backoff(refusals[shard.id, default: 1]))
    }

    /// Counts one more batch of the shard that came to nothing.
    func setback(_ shard: ProviderBatch) -> Int {
        setbacks[shard.id, default: 0] += 1
        return setbacks[shard.id, default: 0]
    }

    /// Says in the job's row why it stands still; nil: it does not any more.
    func tell(_ message: String?) async throws {
        try await commit {
            try await JobProgress.trouble($0, job: self.lease.job, message: message)
            CrashPoint.troubleCommitting.pass()
        }
        CrashPoint.troubleCommitted.pass()
    }

    /// Longest life of a batch and its settling, seconds.
    private static let batchLifeSeconds = 26.0 * 3600

    /// The shard's batch was made with another key: that this one does not see it tells nothing. The operator may give
    /// the key back; after the batch's life there is nothing to wait for.
    func isHidden(_ shard: ProviderBatch) -> Bool {
        shard.account != context.account && shard.intentAt != nil && !isOutlived(shard)
    }

    /// Its batch cannot be at work any more, whatever is known of it.
    func isOutlived(_ shard: ProviderBatch) -> Bool {
        shard.intentAt.map { Timestamp.now() - $0 >= Self.batchLifeSeconds } ?? false
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
            if error is DatabaseError {
                // Never long: work goes on soon after its return.
                let wait = BackOff.insistence.delay(failures: failures, jitter: Double.random(in: 0..<1))
                try await context.loop.sleep(seconds: wait)
            } else {
                let asked = (error as? OpenAIError)?.retryAfter ?? 0
                try await context.loop.sleep(seconds: max(backoff(failures), asked))
            }
            return true
        } catch { return false }
    }
}

/// What a runner does after a step.
enum StepOutcome {
    case goOn
    case rest(Timestamp)
    case over
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
        case .probe(let stage): "probe \(stage)"
        case .abandonCanary: "abandon canary"
        case .plan(let stage, let round): "plan \(stage) round \(round)"
        case .upload: "upload"
        case .reviewUpload: "review upload"
        case .create: "create"
        case .reconcile: "reconcile"
        case .poll: "poll"
        case .recall: "recall"
        case .giveUp: "give up"
        case .askDirectly(let stage, _): "ask directly for \(stage)"
        case .collect: "collect"
        case .finish: "finish"
        case .expire: "expire"
        case .cleanUp: "clean up"
        case .endCleanUp: "end clean-up"
        case .wait: "wait"
        case .release: "release"
        }
    }
}
