// Works on one claimed job: load -> next -> act -> after -> write, until nothing is left to do. Loop-bound. It decides
// nothing and keeps nothing about money in memory: whenever it ends, another runner goes on from the rows.
import Logging

public final class JobRunner {
    let job: LeasedJob
    /// Whether `run` has returned.
    private(set) var isOver = false
    /// If set, no further step begins.
    var isLeaving = false
    /// Whether a call is under way that may be paid for.
    private(set) var isPaying = false
    /// Steps that failed in a row.
    var failures = 0
    /// End of the last window of the image check, which follows the order of the lots.
    private var imageCursor = 0

    var lease: JobLease { job.lease }
    private var context: JobContext { job.context }

    init(context: JobContext, lease: JobLease) { job = LeasedJob(context: context, lease: lease) }

    /// Runs until the job is over, the lease is lost, or the task is cancelled.
    func run() async {
        defer { isOver = true }
        while !Task.isCancelled, !isLeaving {
            do {
                let outcome = try await inPlace { try await self.advance() }
                if case .ask(let direct) = outcome { try await ask(direct) }
                failures = 0
                switch outcome {
                case .goOn, .ask: break
                case .rest(let until): try await context.loop.sleep(seconds: max(0.001, until - Timestamp.now()))
                case .over: return
                }
            } catch is LeaseLost {
                return job.log.info("Background worker: lease lost, job left to its new holder")
            } catch is CancellationError {
                return
            } catch let error as DatabaseError where error.isUnknownText {
                return context.leaveAlone(job.id, error)
            } catch {
                if Task.isCancelled || isLeaving { return }
                guard await recover(from: error) else { return }
            }
        }
    }

    /// Runs a step in a place and then frees it, so that a large job does not hold up small ones.
    private func inPlace(_ body: () async throws -> StepOutcome) async throws -> StepOutcome {
        try await context.places.take()
        defer { context.places.give() }
        return try await body()
    }

    /// Runs one step.
    private func advance() async throws -> StepOutcome {
        guard let record = try await LoadJob.run(context.database, job: job.id), record.epoch == job.lease.epoch else {
            throw LeaseLost(job: job.id)
        }
        let batches = try await ProviderBatches.load(context.database, job: job.id)
        let act = BatchMachine.next(
            job: record, batches: batches, now: Timestamp.now(), deadline: context.configuration.deadline,
            usesBatches: context.configuration.usesBatches)
        job.log.debug("step", metadata: ["step": "\(act.name)"])
        return try await perform(act, JobStep(job: record, batches: batches))
    }

    private func perform(_ act: JobAct, _ step: JobStep) async throws -> StepOutcome {
        switch act {
        case .begin: try await job.begin(step.job)
        case .checkImages: imageCursor = try await job.checkImages(step.job, from: imageCursor)
        case .open(let stage): try await open(stage, step)
        case .probe(let stage): try await probe(stage, step)
        case .plan(let stage, let round): try await job.plan(stage, round: round, step.job)
        case .askDirectly(let stage, let round): return try await intendToAsk(stage, round: round, step)
        case .upload(let batch): try await upload(batch, step)
        case .findUpload(let batch): try await conclude(batch, await job.findUpload(batch, step.job), step)
        case .create(let batch): try await create(batch, step)
        case .findBatch(let batch): try await conclude(batch, await job.findBatch(batch, step.job), step)
        case .poll(let batch): try await conclude(batch, await job.poll(batch), step)
        case .recall(let batch): try await conclude(batch, await job.recall(batch), step)
        case .confirmGone(let batch): try await confirmGone(batch, step)
        case .look(let batch): try await conclude(batch, await job.look(for: batch, among: step.batches), step)
        case .collect(let batch): try await conclude(batch, await job.collect(batch, step.job), step)
        case .book(let batch): try await conclude(batch, await job.book(batch, step.job), step)
        case .giveUp(let batch, let why): try await giveUp(batch, why, step)
        case .finish: try await job.finish(step.job, ofOpenLots: "The lot was not processed")
        case .expire: try await expire(step)
        case .endCleanUp:
            try await job.commit(.cleaned, ended: true) { try await JobProgress.clean($0, job: job.id) }
            return .over
        case .wait(let until): return .rest(until)
        case .release: return .over
        }
        return .goOn
    }

    /// Decides what follows from an act's outcome, and writes it.
    /// - Parameter also: written in the same transaction.
    /// - Returns: the batch after the write.
    @discardableResult
    func conclude(
        _ batch: ProviderBatch, _ outcome: BatchOutcome, _ step: JobStep,
        also: (DatabaseSession) async throws -> Void = { _ in }
    ) async throws -> ProviderBatch {
        do { return try await conclude(batch, step, also: also) { _ in outcome } } catch let lost as LeaseLost {
            await job.dropOrphan(of: outcome, batch)
            throw lost
        }
    }

    /// The same for an outcome that is found within the transaction.
    func conclude(
        _ batch: ProviderBatch, _ step: JobStep, also: (DatabaseSession) async throws -> Void = { _ in },
        outcome: (DatabaseSession) async throws -> BatchOutcome
    ) async throws -> ProviderBatch {
        let verdict = try await BatchWriter(job: job).write(batch, in: step.job, also: also) { session in
            try BatchMachine.after(batch, await outcome(session), step.facts(for: batch, context))
        }
        switch verdict.then {
        case .goOn: break
        case .pause(let error): throw error
        case .failOpenLots(let reason): try await job.failOpenLots(step.job, because: reason)
        }
        return verdict.applied(to: batch)
    }

    /// Marks a call that costs money: an orderly stop lets it end.
    @discardableResult
    func paying<Value>(_ body: () async throws -> Value) async throws -> Value {
        isPaying = true
        defer { isPaying = false }
        return try await body()
    }

    /// Waits after an error that no verdict covers (the database is away, a stage met an error); then the step starts
    /// again.
    private func recover(from error: any Error) async -> Bool {
        failures += 1
        job.log.warning("Background worker: step failed, will be repeated", metadata: ["error": "\(error)"])
        var wait = (error as? OpenAIError)?.retryAfter ?? 0
        if error is DatabaseError {
            // Never long, so that work goes on soon after the database is back.
            wait = BackOff.insistence.delay(failures: failures, jitter: Double.random(in: 0..<1))
        } else {
            wait = max(wait, context.facts.wait(after: failures))
        }
        do { try await context.loop.sleep(seconds: wait) } catch { return false }
        return true
    }
}
