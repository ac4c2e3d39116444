// One connection to PostgreSQL: executes the decisions of PGConnectionMachine on non-blocking libpq. Frees: the PGconn
// at its end, after the poll that watches its socket. Thread: the loop's.
import CShims

/// The reason why a connection ended.
enum ConnectionEnd: Equatable {
    /// The server, the network or libpq ended it, or it could not be opened.
    case broken
    /// The server did not answer in time.
    case silent
    /// The client ended it because of its user: a cancelled task, an unfinished statement.
    case dropped
}

/// A connection for one use: connected once, ended once. It keeps itself alive until it has ended.
final class PGConnection {
    let loop: Loop
    let configuration: DatabaseConfiguration
    private let settings: ConnectionSettings
    let rotation: Int
    let metrics: DatabaseMetrics?
    private let timer: LoopTimer
    private var resolved: [String: [String]] = [:]

    // Internal for the extensions in PGConnection+*.swift.
    var machine = PGConnectionMachine<PGRequest>()
    var pg: OpaquePointer?
    var poll: LoopPoll?
    var hasUnsent = false
    var latest: PGResultOwner?
    var serverNames: [String: String] = [:]
    var prepares = 0
    /// Resumed when libpq's buffer is empty (COPY IN) or more was read (COPY OUT).
    var copyWaiter: Ticket<Void>?
    /// False while an open COPY OUT has rows that its user has not taken: the
    /// client stops reading, so the server waits.
    var wantsInput = true
    private(set) var endedWith: DatabaseError?
    private var cause = ConnectionEnd.broken
    /// The request whose limit the timer runs for, and the start of that limit.
    private var limited: PGRequest?
    private var limitedSince = 0.0
    /// The time when bytes last arrived from the server.
    var heardAt = 0.0

    /// Called when the connection can be used.
    var ready: (() -> Void)?
    /// Called once when the connection has ended, even if it never became ready.
    var ended: ((_ error: DatabaseError, _ cause: ConnectionEnd) -> Void)?
    var notified: ((_ channel: String, _ payload: String) -> Void)?

    /// - Parameters:
    ///   - rotation: see ``ConnectionSettings/parameters(resolved:rotation:)``.
    ///   - metrics: counts the statements; nil: they are not counted.
    init(
        on loop: Loop, configuration: DatabaseConfiguration, settings: ConnectionSettings, rotation: Int,
        metrics: DatabaseMetrics? = nil
    ) {
        self.metrics = metrics
        self.loop = loop
        self.configuration = configuration
        self.settings = settings
        self.rotation = rotation
        timer = LoopTimer(on: loop)
    }

    /// Seconds since the server last sent anything while it owes an answer.
    var silentSeconds: Double {
        limited == nil ? 0 : Monotonic.seconds() - max(limitedSince, heardAt)
    }

    /// Ends the connection at once, because the server is known to be gone.
    func giveUp() { expire() }

    var isReady: Bool { machine.isReady }
    var isQuiet: Bool { machine.isQuiet }

    func connect() {
        timer.start(after: configuration.connectSeconds) { self.expire() }
        perform(machine.received(.connect(needsLook: !settings.namesToLookUp.isEmpty)))
    }

    func submit(_ request: PGRequest) {
        switch request.work {
        case .script: step(.submit(request, .direct))
        case .statement(_, _, let key): step(.submit(request, .statement(key)))
        }
    }

    /// Ends the connection on its user's behalf; waiting requests fail with `error`.
    func drop(_ error: DatabaseError) {
        cause = .dropped
        step(.failed(error))
    }

    /// Feeds one event, executes its action, and sets the limit of the oldest request.
    func step(_ event: PGConnectionMachine<PGRequest>.Event) {
        perform(machine.received(event))
        armLimit()
    }

    func perform(_ action: PGConnectionMachine<PGRequest>.Action) {
        switch action {
        case .nothing: break
        case .lookUp: lookUp()
        case .open: open()
        case .awaitReadable: pollWhen(.readable)
        case .awaitWritable: pollWhen(.writable)
        case .becomeReady: becomeReady()
        case .send(let request, let key, let prepare): send(request, key, prepare: prepare)
        case .startDirect(let request): startDirect(request)
        case .store(let request): request.rows = Rows(latest)
        case .opened(let request): request.opened?()
        case .finish(let request, let failure):
            request.finish(failure)
            perform(machine.received(.advance))
        case .finishDirect(let request, let failure):
            if let pg, PQenterPipelineMode(pg) != 1 { return breakOff() }
            wantsInput = true
            request.finish(failure)
            perform(machine.received(.advance))
        case .end(let error, let told): end(error, told)
        }
    }

    // MARK: Connecting

    private func lookUp() {
        let names = Set(settings.namesToLookUp)
        var left = names.count
        for name in names {
            LoopResolver.addresses(of: name, on: loop) { [self] found in
                resolved[name] = found
                left -= 1
                guard left == 0 else { return }
                let found = settings.parameters(resolved: resolved, rotation: rotation) != nil
                perform(machine.received(.lookedUp(found: found)))
            }
        }
    }

    private func open() {
        guard let parameters = settings.parameters(resolved: resolved, rotation: rotation) else {
            return step(.failed(.unavailable("no host to connect to")))
        }
        pg = CStrings.with(parameters.map(\.0)) { keywords in
            CStrings.with(parameters.map(\.1)) { values in PQconnectStartParams(keywords, values, 0) }
        }
        guard let pg else { return step(.failed(.unavailable("out of memory"))) }
        ServerMessage.routeNotices(of: pg)
        if PQstatus(pg) == CONNECTION_BAD { return polled(PGRES_POLLING_FAILED) }
        pollWhen(.writable)  // the state that the manual prescribes before the first poll
    }

    /// Watches the socket for one step. libpq may open another socket in any step, so each step has a poll of its
    /// own, which is closed before libpq can close the socket.
    private func pollWhen(_ events: LoopPoll.Events) {
        guard let pg, let poll = LoopPoll(PQsocket(pg), on: loop) else {
            return step(.failed(.unavailable("the connection's socket cannot be watched")))
        }
        self.poll = poll
        poll.watch(events) { [self] _ in
            poll.close()
            self.poll = nil
            polled(PQconnectPoll(pg))
        }
    }

    private func polled(_ status: PostgresPollingStatusType) {
        guard let pg else { return }
        switch status {
        case PGRES_POLLING_READING: perform(machine.received(.polled(.reading)))
        case PGRES_POLLING_WRITING: perform(machine.received(.polled(.writing)))
        case PGRES_POLLING_OK: perform(machine.received(.polled(.connected)))
        default:
            let problem = DatabaseError.unavailable(ServerMessage.connectionProblem(pg))
            perform(machine.received(.polled(.failed(problem))))
        }
    }

    private func becomeReady() {
        guard let pg, PQsetnonblocking(pg, 1) == 0, PQenterPipelineMode(pg) == 1 else { return breakOff() }
        timer.stop()
        poll = LoopPoll(PQsocket(pg), on: loop)
        watch()
        ready?()
    }

    // MARK: The end

    /// Handles a connection that libpq reports as broken.
    func breakOff() {
        guard let pg else { return }
        step(.failed(DatabaseError(.lost(mayHaveHappened: true), ServerMessage.connectionProblem(pg))))
    }

    private func expire() {
        cause = .silent
        step(.expired)
    }

    private func end(_ error: DatabaseError, _ told: [(PGRequest, DatabaseError)]) {
        endedWith = error
        poll?.close()
        poll = nil
        timer.close()
        limited = nil
        hasUnsent = false
        if let pg { PQfinish(pg) }
        pg = nil
        copyWaiter?.resume()
        copyWaiter = nil
        for (request, error) in told { request.finish(error) }
        let ended = ended
        self.ended = nil
        ready = nil
        notified = nil
        ended?(error, cause)
    }

    /// Sets the limit of the oldest request only, because the requests behind it cannot cause a delay. During a COPY
    /// it runs only while the server makes the user wait.
    func armLimit() {
        guard endedWith == nil, machine.isReady else { return }
        let oldest = machine.oldest
        let isHeldUp = !machine.isCopying || copyWaiter != nil
        guard isHeldUp, let oldest, let seconds = oldest.limitSeconds else {
            limited = nil
            return timer.stop()
        }
        if limited === oldest, timer.isActive { return }
        limited = oldest
        limitedSince = Monotonic.seconds()
        timer.start(after: seconds) { self.expire() }
    }
}
