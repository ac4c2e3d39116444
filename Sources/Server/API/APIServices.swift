// The parts of a shard that the API's endpoints use. Loop-bound: one per shard.
import Engine
import Logging

/// State that all shards of an instance share; any thread.
public final class SharedState: Sendable {
    private struct State {
        var isMigrated = false
        var isDraining = false
    }

    public let limiter: RateLimiter
    let known = KnownClients()
    private let state = Lock(State())

    init(limiter: RateLimiter) { self.limiter = limiter }

    /// The schema is up to date, so requests that need the database may be served.
    public var isMigrated: Bool { state.withLock { $0.isMigrated } }
    /// The process is stopping and begins no new work.
    public var isDraining: Bool { state.withLock { $0.isDraining } }

    func setMigrated() { state.withLock { $0.isMigrated = true } }
    func setDraining() { state.withLock { $0.isDraining = true } }
}

/// The parts of a shard, for the API's endpoints. They hold no state of a single request.
public final class APIServices {
    public let loop: Loop
    public let config: Config
    public let shared: SharedState
    public let database: Database
    public let keys: SignatureKeys
    public let log: Logger
    public let clock: WallClock
    /// The incarnation of this process.
    let incarnation: Identifier
    /// The name of this process.
    let instance: String
    let eagerLane: EagerLane
    let synchronous: SynchronousMode
    let health: HealthReport
    /// Bodies being read or stored, and their memory.
    let ingestGate: IngestGate
    let metrics: ShardMetrics
    let durations = DurationHistory()
    let explainer: SignatureExplainer
    let polls: StatusPolls

    init(
        loop: Loop, config: Config, shared: SharedState, database: Database, log: Logger, clock: WallClock,
        incarnation: Identifier, instance: String, eagerBytesPerSecond: Double, synchronous: SynchronousMode,
        health: HealthReport, metrics: ShardMetrics
    ) {
        self.loop = loop
        self.config = config
        self.shared = shared
        self.database = database
        keys = SignatureKeys(shared: config.sharedKey.value, previous: config.previousSharedKey?.value)
        self.log = log
        self.clock = clock
        self.incarnation = incarnation
        self.instance = instance
        eagerLane = EagerLane(
            on: loop, database: database, shared: shared, bytesPerSecondMin: eagerBytesPerSecond)
        self.metrics = metrics
        ingestGate = IngestGate(metrics: metrics.intake)
        self.synchronous = synchronous
        self.health = health
        explainer = SignatureExplainer(on: loop)
        polls = StatusPolls(on: loop, database: database, clock: clock)
    }

    var isDatabaseReady: Bool { shared.isMigrated && database.isAvailable }

    /// Refuses immediately while the database is not available, so the client does not have to wait for a time-out
    /// (C4.5).
    func requireDatabase() throws(ServiceError) {
        if isDatabaseReady { return }
        throw ServiceError.databaseAway
    }

    /// Refuses new work while the process stops (C4.5).
    func requireOpen() throws(ServiceError) {
        guard shared.isDraining else { return }
        throw ServiceError(.serviceUnavailable, "The service is shutting down", retryAfter: 5)
    }
}
