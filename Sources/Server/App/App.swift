// The composition root: makes the shards, migrates the schema, opens the listeners, closes all at the end. Thread: any.
import Engine
import Logging

/// The service in this process.
public final class App: Sendable {
    /// Longest wait of `start` for the database before the service listens without it, seconds.
    static let firstMigrationSeconds = 5.0

    private struct Running {
        var shards: [LoopBound<Shard>] = []
        var port = 0
        var metricsPort = 0
        var migration: Task<Void, Never>?
    }

    private let config: Config
    private let work: WorkConfiguration
    private let clock: WallClock
    private let runsBackground: Bool
    private let eagerBytesPerSecond: Double
    private let log: Logger
    private let shared: SharedInstance
    private let loops: [Loop]
    private let running = Lock(Running())

    /// - Parameters:
    ///   - runsBackground: false for an instance that only serves requests; others do the work.
    ///   - eagerBytesPerSecond: a sender with at least this rate may have its lots copied before its body ends.
    public init(
        config: Config, clock: WallClock = .system, runsBackground: Bool = true,
        eagerBytesPerSecond: Double = EagerCopy.senderBytesPerSecond, log: Logger
    ) {
        self.eagerBytesPerSecond = eagerBytesPerSecond
        self.config = config
        work = WorkConfiguration(config)
        self.clock = clock
        self.runsBackground = runsBackground
        self.log = log
        shared = SharedInstance(rates: config.rates)
        loops = (0..<config.workerThreads).map { Loop(name: "shard-\($0)") }
    }

    /// The port of the service's listener.
    public var port: Int { running.withLock { $0.port } }

    /// The port of `/metrics`; 0 if metrics are off or the address was taken at the start.
    public var metricsPort: Int { running.withLock { $0.metricsPort } }

    /// Makes the shards, migrates the schema and listens. While the database is away, the service listens all the same,
    /// answers 503 to requests that need the database, and keeps trying.
    public func start() async throws(ListenError) {
        Languages.load()
        for warning in config.warnings { log.warning("\(warning)") }
        var shards: [LoopBound<Shard>] = []
        for (number, loop) in loops.enumerated() { shards.append(await makeShard(number, on: loop)) }
        let made = shards
        running.withLock { $0.shards = made }
        await serveMetrics(made)
        await migrate(shards[0])
        var address = config.bind
        for shard in shards {
            // The kernel chooses the first shard's port if it is 0; SO_REUSEPORT lets the others share it.
            address.port = try await listen(shard, address)
        }
        let port = address.port
        running.withLock { $0.port = port }
        log.info("listening", metadata: ["address": "\(address.host):\(port)", "shards": "\(shards.count)"])
    }

    /// Stops accepting, lets requests end within the grace, closes everything (SIGTERM).
    public func stop() async {
        let (shards, migration) = running.withLock { ($0.shards, $0.migration) }
        await onEach(shards) { await $0.sayFarewell() }
        shared.api.setDraining()
        migration?.cancel()
        await migration?.value
        let grace = config.shutdownGraceSeconds
        await onEach(shards) { await $0.quiesce(graceSeconds: grace) }
        await onEach(shards) { await $0.close() }
        running.withLock { $0.shards = [] }
        for loop in loops {
            loop.stop()
            await loop.join()
        }
        log.info("stopped")
    }

    // MARK: Parts

    private func onEach(_ shards: [LoopBound<Shard>], _ body: @escaping @Sendable (Shard) async -> Void) async {
        let tasks = shards.map { shard in shard.loop.launch { await body(shard.value) } }
        for task in tasks { await task.value }
    }

    private func makeShard(_ number: Int, on loop: Loop) async -> LoopBound<Shard> {
        await onLoop(loop) { [config, work, shared, clock, eagerBytesPerSecond, log] in
            LoopBound(
                Shard(
                    number, on: loop, config: config, work: work, shared: shared, clock: clock,
                    eagerBytesPerSecond: eagerBytesPerSecond, log: log),
                on: loop)
        }
    }

    /// Starts `/metrics` on the first shard's loop, before the rest of the service can be seen.
    private func serveMetrics(_ shards: [LoopBound<Shard>]) async {
        var all: [ShardMetrics] = []
        for shard in shards { all.append(await onLoop(shard.loop) { shard.value.metrics }) }
        let (first, metrics) = (shards[0], all)
        let port = await onLoop(first.loop) {
            first.value.recordTrends(of: metrics)
            return first.value.serveMetrics(of: metrics)
        }
        running.withLock { $0.metricsPort = port }
    }

    private func listen(_ shard: LoopBound<Shard>, _ address: BindAddress) async throws(ListenError) -> Int {
        let result: Result<Int, ListenError> = await onLoop(shard.loop) {
            do throws(ListenError) { return .success(try shard.value.listen(address)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private func onLoop<Value: Sendable>(_ loop: Loop, _ body: @escaping @Sendable () async -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            loop.launch { continuation.resume(returning: await body()) }
        }
    }
}

// MARK: - Migration

extension App {
    /// Brings the schema up to date and tries without end. Returns when that is done, or after `firstMigrationSeconds`
    /// without it.
    private func migrate(_ shard: LoopBound<Shard>) async {
        await withCheckedContinuation { continuation in
            let first = Lock<CheckedContinuation<Void, Never>?>(continuation)
            let goOn: @Sendable () -> Void = { first.withLock { $0.take() }?.resume() }
            let patience = shard.loop.launch { [loop = shard.loop] in
                try? await loop.sleep(seconds: App.firstMigrationSeconds)
                goOn()
            }
            let task = shard.loop.launch { [self] in
                await migrateUntilDone(shard.value)
                patience.cancel()
                goOn()
            }
            running.withLock { $0.migration = task }
        }
    }

    private func migrateUntilDone(_ shard: Shard) async {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await App.migrate(shard.database)
                log.info("schema is up to date")
                if runsBackground { try await shard.announce() }
                shared.api.setMigrated()
                return await becomeReady()
            } catch {
                if Task.isCancelled { return }
                log.warning("database is not ready", metadata: ["error": "\(error)"])
            }
            failures += 1
            try? await shard.loop.sleep(seconds: BackOff.reconnect.longest(failures: failures))
        }
    }

    /// Brings the database's schema up to date. Loop thread of `database`.
    static func migrate(_ database: Database) async throws {
        _ = try await database.session { session in try await Migrator.run(session, migrations: Migrations.all) }
    }

    /// Starts the background of one shard after the other; waits up to 2 s for each shard's database connection.
    private func becomeReady() async {
        for shard in running.withLock({ $0.shards }) {
            await onLoop(shard.loop) { [runsBackground] in
                for _ in 0..<100 where !shard.value.database.isAvailable { try? await shard.loop.sleep(seconds: 0.02) }
                if runsBackground { shard.value.startBackground() }
            }
        }
    }
}
