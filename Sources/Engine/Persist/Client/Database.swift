// The pool: executes the decisions of PoolMachine. Frees nothing itself. Thread: the loop's.
import Logging

/// A shard's connections to PostgreSQL. They connect and reconnect in the background;
/// calls wait a bounded time or fail at once.
public final class Database {
    public let configuration: DatabaseConfiguration
    public let metrics: DatabaseMetrics
    let loop: Loop
    private let settings: ConnectionSettings?
    private var machine: PoolMachine
    private var connections: [Int: PGConnection] = [:]
    private var pauses: [Int: LoopTimer] = [:]
    private var tickets: [Int: Ticket<Result<PoolMachine.PoolLease, DatabaseError>>] = [:]
    private var waiters = 0
    private var wasAvailable: Bool?
    private var watch: SilenceWatch?
    /// Longest wait of a `query` for a lost connection once the pool has been up, seconds. A host that drops packets
    /// must not hold callers for all of `acquireSeconds`.
    static let comebackSeconds = 1.0

    public init(on loop: Loop, configuration: DatabaseConfiguration, metrics: DatabaseMetrics = DatabaseMetrics()) {
        loop.assertOnLoop()
        self.metrics = metrics
        self.loop = loop
        self.configuration = configuration
        settings = ConnectionSettings(configuration)
        machine = PoolMachine(
            PoolMachine.Settings(
                shared: max(1, configuration.sharedConnections), exclusive: max(1, configuration.connections),
                waitersMax: configuration.waitersMax))
    }

    /// True if at least one connection is up.
    public var isAvailable: Bool { machine.isAvailable }

    /// Connects in the background, and reconnects without limit whenever a connection is lost.
    public func start() {
        guard let settings else { return ServerMessage.log.critical("\(configuration.problem ?? "")") }
        watch = SilenceWatch(on: loop, configuration: configuration, settings: settings) { [unowned self] in
            Array(connections.values)
        }
        perform(machine.start())
    }

    /// Ends all connections. Waiting callers and running statements get an error.
    public func close() async {
        watch?.close()
        watch = nil
        perform(machine.close())
    }

    /// Runs one statement on a shared connection; it commits by itself. Cancelling the task does not stop the
    /// statement; its result is dropped.
    public func query(_ statement: Statement, _ values: [PGValue] = []) async throws(DatabaseError) -> Rows {
        let wait = wasAvailable == nil ? configuration.acquireSeconds : Database.comebackSeconds
        let lease = try await acquire(.shared, seconds: min(wait, configuration.acquireSeconds))
        guard let connection = connections[lease.place] else { throw .unavailable("the connection is gone") }
        return try await connection.run(
            statement, values, limitSeconds: configuration.limitSeconds,
            settled: { self.perform(self.machine.release(lease)) })
    }

    /// Lends `body` an exclusive connection, outside any transaction. Settings that `body` changes stay with the
    /// connection. A transaction that it leaves open is rolled back. Cancelling the task
    /// during a statement drops the connection.
    // Specialised for its callers' closures, this crashes the optimiser of Swift 6.3.1 ("splitting coroutine").
    @_semantics("optimize.sil.specialize.generic.never")
    @discardableResult
    public func session<Value>(_ body: (DatabaseSession) async throws -> Value) async throws -> Value {
        let lease = try await acquire(.exclusive, seconds: configuration.acquireSeconds)
        guard let connection = connections[lease.place] else {
            throw DatabaseError.unavailable("the connection is gone")
        }
        let session = DatabaseSession(connection)
        do {
            let value = try await body(session)
            await giveBack(session, lease)
            return value
        } catch {
            await giveBack(session, lease)
            throw error
        }
    }

    /// Runs BEGIN, `body`, COMMIT; ROLLBACK if `body` throws.
    /// - Throws: `.lost(mayHaveHappened: true)` if COMMIT gets no answer; after
    ///   any other error nothing was committed.
    // Specialised for its callers' closures, this crashes the optimiser of Swift 6.3.1 ("splitting coroutine").
    @_semantics("optimize.sil.specialize.generic.never")
    @discardableResult
    public func transaction<Value>(_ body: (DatabaseSession) async throws -> Value) async throws -> Value {
        try await session { session in try await session.transaction { try await body(session) } }
    }

    // MARK: Leases

    private func acquire(
        _ role: PoolMachine.Role, seconds: Double
    ) async throws(DatabaseError) -> PoolMachine.PoolLease {
        loop.assertOnLoop()
        guard settings != nil else { throw .unavailable(configuration.problem ?? "") }
        waiters += 1
        let id = waiters
        let answer = machine.acquire(id, role)
        // Shared leases skip publish(): this path runs for every status request.
        if role == .exclusive { publish() }
        switch answer {
        case .granted(let lease): return lease
        case .refused(let error):
            refused(error)
            throw error
        case .queued:
            publish()
            let late = DatabaseError(role == .shared ? .unavailable : .busy, "no connection became free in time")
            return try await wait(id, seconds: seconds, late).get()
        }
    }

    private typealias Granted = Result<PoolMachine.PoolLease, DatabaseError>

    private func wait(_ id: Int, seconds: Double, _ late: DatabaseError) async throws(DatabaseError) -> Granted {
        let timer = LoopTimer(on: loop)
        defer { timer.close() }
        do {
            return try await loop.park { ticket in
                tickets[id] = ticket
                ticket.whenCancelled = { self.giveUp(id, .cancelled) }
                timer.start(after: seconds) { self.giveUp(id, late) }
            }
        } catch {
            throw .cancelled
        }
    }

    private func giveUp(_ id: Int, _ why: DatabaseError) {
        machine.gaveUp(id)
        publish()
        refused(why)
        tickets.removeValue(forKey: id)?.resume(.failure(why))
    }

    /// Returns the lease. A connection with an uncertain state is dropped instead.
    private func giveBack(_ session: DatabaseSession, _ lease: PoolMachine.PoolLease) async {
        // Runs in a task of its own, because in the caller's cancelled task the ROLLBACK would be refused.
        await loop.spawn { await session.end() }.value
        perform(machine.release(lease))
        publish()
    }

    // MARK: Metrics

    private func publish() {
        let pool = metrics.pool
        pool.set(.shared, to: machine.open(.shared))
        pool.set(.exclusive, to: machine.open(.exclusive))
        pool.set(.lent, to: machine.lent)
        pool.set(.waiting, to: machine.waiting)
    }

    private func refused(_ error: DatabaseError) {
        switch error.kind {
        case .busy: metrics.refusals.add(.busy)
        case .unavailable, .lost, .timedOut, .statement: metrics.refusals.add(.unavailable)
        case .cancelled, .unknownText: break  // not refusals
        }
    }

    /// Counts a row that this version cannot read.
    func countUnreadable(_ name: UnknownText) { metrics.unreadable.add(name) }

    /// Counts an answer that waits because it could not be written.
    func countWaitingAnswer() { metrics.answerWaits() }

    // MARK: Connections

    private func perform(_ actions: [PoolMachine.Action]) {
        if actions.isEmpty { return }
        defer { publish() }
        for action in actions {
            switch action {
            case .connect(let place, let rotation): connect(place, rotation)
            case .pause(let place, let seconds): pause(place, seconds)
            case .grant(let waiter, let lease): tickets.removeValue(forKey: waiter)?.resume(.success(lease))
            case .refuse(let waiter, let error):
                refused(error)
                tickets.removeValue(forKey: waiter)?.resume(.failure(error))
            case .drop(let place):
                pauses.removeValue(forKey: place)?.close()
                connections[place]?.drop(.unavailable("the pool is closed"))
            }
        }
    }

    private func connect(_ place: Int, _ rotation: Int) {
        guard let settings else { return }
        pauses.removeValue(forKey: place)?.close()
        let connection = PGConnection(
            on: loop, configuration: configuration, settings: settings, rotation: rotation, metrics: metrics)
        connections[place] = connection
        connection.ready = { [self] in
            perform(machine.connected(place, now: Monotonic.seconds()))
            publish()
            logAvailability("")
        }
        connection.ended = { [self] error, cause in
            connections[place] = nil
            let jitter = Double.random(in: 0..<1)
            perform(machine.ended(place, error, cause, now: Monotonic.seconds(), jitter: jitter))
            publish()
            logAvailability(error.message)
        }
        connection.connect()
    }

    private func pause(_ place: Int, _ seconds: Double) {
        let timer = LoopTimer(on: loop)
        pauses[place] = timer
        timer.start(after: seconds) { [self] in
            pauses.removeValue(forKey: place)?.close()
            perform(machine.pauseEnded(place))
        }
    }

    /// Logs one line when the database goes away and one when it returns, instead of one per attempt.
    private func logAvailability(_ problem: String) {
        let isNow = machine.isAvailable
        defer { wasAvailable = isNow }
        guard wasAvailable != isNow, !machine.isClosed else { return }
        if isNow {
            ServerMessage.log.info("the database is available")
        } else {
            ServerMessage.log.error("the database is unavailable: \(problem)")
        }
    }
}
