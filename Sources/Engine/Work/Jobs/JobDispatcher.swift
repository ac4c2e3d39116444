// Claims jobs for one shard of the process and runs them. Notifications wake it; polling is the fall-back. Loop-bound.
import Logging

public final class JobDispatcher: BackgroundService {
    /// Longest time between two looks for the work of dead instances, seconds.
    static let claimSecondsMax = 3.0

    private struct Running {
        let runner: JobRunner
        let task: Task<Void, Never>
    }

    private let context: JobContext
    /// Shared with the loop's other services. Each closes it in `stop`, because all of them stop together.
    private let listener: DatabaseListener
    private var running: [Identifier: Running] = [:]
    private var task: Task<Void, Never>?
    private let alarm: Alarm
    private var stopping = false
    /// Jobs that were claimed after the stop had begun.
    private var unlaunched: [Identifier] = []
    /// Whether there were more jobs than places.
    private var isHungry = false
    /// Jobs whose claim got no reply: this instance may hold them without working on them.
    private var doubtful: Set<Identifier> = []
    /// Time of the next look for jobs of a newer version, on the monotonic clock.
    private var unreadableDue = 0.0
    /// Time between two of these looks, seconds.
    static let unreadableSeconds = 15.0
    /// Most jobs per look.
    private static let unreadableMax = 100

    public init(context: JobContext, listener: DatabaseListener) {
        self.context = context
        self.listener = listener
        alarm = Alarm(on: context.loop)
    }

    public func start() {
        listener.subscribe(
            to: WakeWorkers.channel, received: { [weak self] payload in self?.notified(payload) },
            reconnected: { [weak self] in self?.alarm.wake() })
        listener.start()
        context.places.whenFree = { [weak self] in
            if let self, self.isHungry { self.alarm.wake() }
        }
        task = context.loop.spawn { [weak self] in await self?.run() }
        context.log.info(
            "Background worker started", metadata: ["instance": "\(context.configuration.instance)"])
    }

    public func stop() async {
        stopping = true
        task?.cancel()
        await task?.value
        listener.close()
        let all = Array(running.values)
        for one in all { one.runner.isLeaving = true }
        // Every step can be repeated. A call that costs money is allowed to end, so that its outcome is known.
        let paying = all.filter(\.runner.isPaying)
        let others = all.filter { !$0.runner.isPaying }
        for one in others { one.task.cancel() }
        for one in others { await one.task.value }
        await handOver(others.map(\.runner.lease.job) + unlaunched)
        await context.loop.wait(for: paying.map(\.task), atMost: context.configuration.graceSeconds)
        for one in paying { one.task.cancel() }
        for one in paying { await one.task.value }
        await handOver(paying.map(\.runner.lease.job))
        context.log.info("Background worker stopped")
    }

    /// Frees these jobs, so that other instances go on with them at once.
    private func handOver(_ jobs: [Identifier]) async {
        guard !jobs.isEmpty else { return }
        do throws(DatabaseError) {
            CrashPoint.jobsHandingOver.pass()
            try await Instances.handOver(
                context.database, jobs: jobs, incarnation: context.configuration.incarnation)
            CrashPoint.jobsHandedOver.pass()
        } catch {
            context.log.warning("jobs could not be freed; their leases expire", metadata: ["error": "\(error)"])
        }
    }

    private func run() async {
        while !stopping {
            do {
                try await runOnce()
            } catch {
                context.log.warning("Background worker: could not look for jobs", metadata: ["error": "\(error)"])
            }
            do {
                try await alarm.sleep(seconds: min(context.configuration.pollSeconds, Self.claimSecondsMax))
            } catch { return }
        }
    }

    /// Claims free jobs and starts them.
    public func runOnce() async throws {
        let configuration = context.configuration
        let room = min(context.places.room, configuration.jobsHeldMax - running.count)
        isHungry = room <= 0
        guard room > 0 else { return }
        // Without a fresh heartbeat of this process, another instance could take its claims at once.
        let isAlive = try await Instances.beat(
            context.database, instance: configuration.instance, incarnation: configuration.incarnation)
        guard isAlive else { return }
        try await noteUnreadable()
        let free = try await ClaimJobs.free(
            context.database, silentSeconds: configuration.silentSeconds, limit: room)
        isHungry = free.count == room
        let jobs = try await take(doubtful.union(free))
        if stopping { return unlaunched = jobs.map(\.id) }
        for job in jobs { launch(job) }
    }

    /// Counts and logs jobs that are not claimed because this version cannot read them: an operator has to act.
    private func noteUnreadable() async throws {
        guard Monotonic.seconds() >= unreadableDue else { return }
        let unreadable = try await ClaimJobs.unreadable(
            context.database, silentSeconds: context.configuration.silentSeconds, limit: Self.unreadableMax)
        for job in unreadable {
            do throws(DatabaseError) {
                _ = try await LoadJob.run(context.database, job: job)
                _ = try await ProviderBatches.load(context.database, job: job)
            } catch {
                guard error.isUnknownText else { throw error }
                context.leaveAlone(job, error)
            }
        }
        unreadableDue = Monotonic.seconds() + Self.unreadableSeconds
    }

    private func take(_ ids: Set<Identifier>) async throws(DatabaseError) -> [JobRecord] {
        if ids.isEmpty { return [] }
        CrashPoint.jobsTaking.pass()
        do throws(DatabaseError) {
            let jobs = try await ClaimJobs.take(
                context.database, instance: context.configuration.instance,
                incarnation: context.configuration.incarnation, silentSeconds: context.configuration.silentSeconds,
                ids: ids, doubtful: doubtful)
            doubtful = []
            if !jobs.isEmpty { CrashPoint.jobsTaken.pass() }
            return jobs
        } catch {
            doubtful = ids
            throw error
        }
    }

    private func launch(_ job: JobRecord) {
        let runner = JobRunner(context: context, lease: JobLease(job: job.id, epoch: job.epoch))
        let before = running[job.id]
        before?.task.cancel()  // an older epoch of the same job: its lease is gone
        let task = LogContext.with(job: job.id, request: job.requestID) {
            context.log.debug("job claimed", metadata: ["epoch": "\(job.epoch)"])
            return context.loop.spawn { [weak self] in
                await before?.task.value
                await runner.run()
                self?.ended(job.id, runner)
            }
        }
        // The task runs at once until it first waits, so it may have ended already.
        running[job.id] = runner.isOver ? nil : Running(runner: runner, task: task)
    }

    private func ended(_ job: Identifier, _ runner: JobRunner) {
        guard running[job]?.runner === runner else { return }
        running[job] = nil
        alarm.wake()
    }

    private func notified(_ payload: String) {
        guard let id = Identifier(payload), let current = running[id] else { return alarm.wake() }
        // This shard runs the job. If the job was cancelled meanwhile, its runner stops at once and the clean-up is
        // claimed anew.
        let epoch = current.runner.lease.epoch
        context.loop.spawn { [weak self, context] in
            // Without an answer nothing is done: a job whose runner ended while its lease holds would lie idle. A lost
            // lease shows at the runner's next write.
            guard case .success(let job) = await Self.look(id, context) else { return }
            if job?.epoch != epoch { current.task.cancel() }
            self?.alarm.wake()
        }
    }

    private static func look(_ id: Identifier, _ context: JobContext) async -> Result<JobRecord?, DatabaseError> {
        do throws(DatabaseError) {
            return .success(try await LoadJob.run(context.database, job: id))
        } catch {
            return .failure(error)
        }
    }
}
