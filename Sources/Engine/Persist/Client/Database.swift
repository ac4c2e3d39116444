// The pool: executes what PoolMachine decides. Frees nothing itself. Thread: the loop's.
import Logging

/// A shard's connections to PostgreSQL. They are made and remade in the background; calls wait a bounded time or fail
/// at once.
public final class Database {
    public let configuration: DatabaseConfiguration
    let loop: Loop
    private let settings: ConnectionSettings?
    private var machine: PoolMachine
    private var connections: [Int: PGConnection] = [:]
    private var pauses: [Int: LoopTimer] = [:]
    private var tickets: [Int: Ticket<Result<PoolMachine.PoolLease, DatabaseError>>] = [:]
    private var waiters = 0
    private var wasAvailable: Bool?
    private var watch: SilenceWatch?
    /// Once it has been up, a `query` waits for a lost connection to come back no longer than this, seconds: a host
    /// that swallows packets must not hold callers for the whole of `acquireSeconds`.
    static let comebackSeconds = 1.0

    public init(on loop: Loop, configuration: DatabaseConfiguration) {
        loop.assertOnLoop()
        self.loop = loop
        self.configuration = configuration
        settings = ConnectionSettings(configuration)
        machine = PoolMachine(
            PoolMachine.Settings(
                shared: max(1, configuration.sharedConnections), exclusive: max(1, configuration.connections),
                waitersMax: configuration.waitersMax))
    }

    /// Some connection is up.
    public var isAvailable: Bool { machine.isAvailable }

    /// Connects in the background, and again for ever whenever a connection is lost.
    public func start() {
        guard let settings else { return ServerMessage.log.critical("\(configuration.problem ?? "")") }
        watch = SilenceWatch(on: loop, configuration: configuration, settings: settings) { [unowned self] in
            Array(connections.values)
        }
        perform(machine.start())
    }

    /// Ends all connections. Whoever waits or has a statement under way is told so.
    public func close() async {
        watch?.close()
        watch = nil
        perform(machine.close())
    }

    /// Runs one statement on a connection that it shares with others; it commits by itself. When the task is cancelled
    /// the statement goes on, unobserved.
    public func query(_ statement: Statement, _ values: [PGValue] = []) async throws(DatabaseError) -> Rows {
        let wait = wasAvailable == nil ? configuration.acquireSeconds : Database.comebackSeconds
        let lease = try await acquire(.shared, seconds: min(wait, configuration.acquireSeconds))
        guard let connection = connections[lease.place] else { throw .unavailable("the connection is gone") }
        return try await connection.run(
            statement, values, limitSeconds: configuration.limitSeconds,
            settled: { self.perform(self.machine.release(lease)) })
    }

    /// Lends `body` a connection of its own, outside of any transaction. Settings that `body` changes stay with the
    /// connection. A transaction that it leaves open is rolled back. When the task is cancelled while a statement runs,
    /// the connection is given up.
    // Specialised for its callers' closures, it crashes the optimiser of Swift 6.3.1 ("splitting coroutine").
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

    /// BEGIN, `body`, COMMIT; ROLLBACK if `body` throws. If COMMIT gets no answer the error is
    /// `.lost(mayHaveHappened: true)`; any other error means that nothing happened.
    // Specialised for its callers' closures, it crashes the optimiser of Swift 6.3.1 ("splitting coroutine").
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
        // A shared connection is had without a trace here, so what happens for every poll stays short.
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

    /// A connection whose state is not certain never goes back.
    private func giveBack(_ session: DatabaseSession, _ lease: PoolMachine.PoolLease) async {
        // A task of its own, so that the ROLLBACK is not refused because the caller's task was cancelled.
        await loop.spawn { await session.end() }.value
        perform(machine.release(lease))
        publish()
    }

    // MARK: Metrics

    private func publish() {
        let pool = loop.metrics.database.pool
        pool.set(.shared, to: machine.open(.shared))
        pool.set(.exclusive, to: machine.open(.exclusive))
        pool.set(.lent, to: machine.lent)
        pool.set(.waiting, to: machine.waiting)
    }

    private func refused(_ error: DatabaseError) {
        switch error.kind {
        case .busy: loop.metrics.database.refusals.add(.busy)
        case .unavailable, .lost, .timedOut, .statement: loop.metrics.database.refusals.add(.unavailable)
        case .cancelled: break  // the caller's own wish
        }
    }

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
        let connection = PGConnection(on: loop, configuration: configuration, settings: settings, rotation: rotation)
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

    /// One line when the database goes away and one when it comes back, not one an attempt.
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
