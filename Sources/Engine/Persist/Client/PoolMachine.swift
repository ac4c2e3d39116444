// Assigns connections to callers and decides when to reconnect. Pure: the caller passes times and random numbers;
// Database executes the actions.
import DequeModule

/// A fixed number of places for connections, each with one role.
///
///     resting -> connecting -> up -> connecting ...        shared: up serves any number at once
///                    |  ^       \-> leased (exclusive)     exclusive: one at a time
///                    v  |
///                   pausing
struct PoolMachine {
    enum Role: Equatable { case shared, exclusive }

    /// The right to use a place's connection. A new epoch begins when the
    /// connection ends, so an old lease is then void.
    struct PoolLease: Equatable { let place: Int, epoch: Int }

    enum State: Equatable {
        case resting
        /// `hopeful`: the first attempt after the start or after a loss, for which callers wait. During later
        /// attempts callers are refused at once.
        case connecting(hopeful: Bool)
        case pausing
        case up
        case leased
    }

    enum Acquired: Equatable { case granted(PoolLease), queued, refused(DatabaseError) }

    enum Action: Equatable {
        case connect(place: Int, rotation: Int)
        case pause(place: Int, seconds: Double)
        case grant(waiter: Int, PoolLease)
        case refuse(waiter: Int, DatabaseError)
        case drop(place: Int)
    }

    struct Settings {
        var shared: Int
        var exclusive: Int
        var waitersMax: Int
        var backOff = BackOff.reconnect
        /// A connection that lived at least this long, seconds, is proven: after its
        /// loss the next attempt follows at once.
        var provenSeconds = 5.0
    }

    private struct Slot {
        let role: Role
        var state = State.resting
        var epoch = 0
        var users = 0
        /// Failed attempts and short lives since the last proven connection.
        var failures = 0
        var rotation = 0
        var upSince = 0.0
    }

    private let settings: Settings
    private var places: [Slot]
    private var waiters = Deque<(id: Int, role: Role)>()
    private(set) var isClosed = false
    private var lastProblem = "not started"

    init(_ settings: Settings) {
        self.settings = settings
        places = Array(repeating: Slot(role: .shared), count: settings.shared)
        places += Array(repeating: Slot(role: .exclusive), count: settings.exclusive)
    }

    var isAvailable: Bool { places.contains { $0.state == .up || $0.state == .leased } }
    var waiting: Int { waiters.count }
    /// Exclusive connections on loan.
    var lent: Int { places.reduce(0) { $0 + ($1.state == .leased ? 1 : 0) } }

    /// Connections of a role that are up.
    func open(_ role: Role) -> Int {
        places.reduce(0) { $0 + ($1.role == role && ($1.state == .up || $1.state == .leased) ? 1 : 0) }
    }

    // MARK: Connections

    mutating func start() -> [Action] {
        guard !isClosed else { return [] }
        return places.indices.filter { places[$0].state == .resting }.map { connect($0, hopeful: true) }
    }

    mutating func connected(_ place: Int, now: Double) -> [Action] {
        guard case .connecting = places[place].state else { return isClosed ? [.drop(place: place)] : [] }
        places[place].state = .up
        places[place].upSince = now
        // One attempt succeeded, so the others end their pauses.
        let others = places.indices.filter { places[$0].state == .pausing }.map { connect($0, hopeful: false) }
        return serve() + others
    }

    /// Handles a connection that ended or an attempt that failed.
    mutating func ended(
        _ place: Int, _ why: DatabaseError, _ cause: ConnectionEnd, now: Double, jitter: Double
    ) -> [Action] {
        places[place].epoch += 1
        places[place].users = 0
        lastProblem = why.message
        guard !isClosed else {
            places[place].state = .resting
            return []
        }
        let wasUp = places[place].state == .up || places[place].state == .leased
        // The client's own drop is no sign of trouble with the database, so reconnect without a pause.
        if cause == .dropped, wasUp { return [connect(place, hopeful: true)] }
        switch places[place].state {
        case .up, .leased:
            if now - places[place].upSince >= settings.provenSeconds { places[place].failures = 0 }
            // The next connection may be silent too: callers do not wait for it, and another host is tried first.
            if cause == .silent {
                places[place].failures = max(places[place].failures, 1)
                places[place].rotation += 1
            }
        case .connecting:
            // The next attempt starts with another host, because libpq does not skip a silent one.
            if cause == .silent { places[place].rotation += 1 }
            // After a failed attempt there is always a pause.
            places[place].failures = max(places[place].failures, 1)
        case .resting, .pausing: preconditionFailure("an end was reported for a place without a connection")
        }
        let seconds = settings.backOff.delay(failures: places[place].failures, jitter: jitter)
        places[place].failures += 1
        if seconds == 0 { return [connect(place, hopeful: true)] }
        places[place].state = .pausing
        return [.pause(place: place, seconds: seconds)] + refuseHopeless()
    }

    mutating func pauseEnded(_ place: Int) -> [Action] {
        guard places[place].state == .pausing, !isClosed else { return [] }
        return [connect(place, hopeful: false)]
    }

    private mutating func connect(_ place: Int, hopeful: Bool) -> Action {
        places[place].state = .connecting(hopeful: hopeful)
        return .connect(place: place, rotation: places[place].rotation)
    }

    // MARK: Callers

    mutating func acquire(_ waiter: Int, _ role: Role) -> Acquired {
        if isClosed { return .refused(.unavailable("the pool is closed")) }
        if let lease = take(role) { return .granted(lease) }
        guard isHopeful(role) else { return .refused(.unavailable(lastProblem)) }
        guard waiters.count < settings.waitersMax, role == .exclusive || load < settings.waitersMax else {
            return .refused(DatabaseError(.busy, "too many calls wait for the database"))
        }
        waiters.append((waiter, role))
        return .queued
    }

    /// Removes a caller that stopped waiting.
    mutating func gaveUp(_ waiter: Int) {
        waiters.removeAll { $0.id == waiter }
    }

    mutating func release(_ lease: PoolLease) -> [Action] {
        guard places[lease.place].epoch == lease.epoch else { return [] }
        switch places[lease.place].role {
        case .shared: places[lease.place].users -= 1
        case .exclusive:
            guard places[lease.place].state == .leased else { return [] }
            places[lease.place].state = .up
        }
        return waiters.isEmpty ? [] : serve()
    }

    mutating func close() -> [Action] {
        guard !isClosed else { return [] }
        isClosed = true
        let refusals = waiters.map { Action.refuse(waiter: $0.id, .unavailable("the pool is closed")) }
        waiters.removeAll()
        let open = places.indices.filter { places[$0].state != .resting }
        // A pausing place has no connection that could report its end.
        for place in open where places[place].state == .pausing { places[place].state = .resting }
        return refusals + open.map { .drop(place: $0) }
    }

    /// Statements running on shared connections.
    private var load: Int {
        places.reduce(0) { $0 + $1.users }
    }

    private mutating func take(_ role: Role) -> PoolLease? {
        var best: Int?
        for place in places.indices where places[place].role == role && places[place].state == .up {
            if let found = best, places[found].users <= places[place].users { continue }
            best = place
        }
        guard let place = best else { return nil }
        switch role {
        case .exclusive: places[place].state = .leased
        case .shared:
            guard load < settings.waitersMax else { return nil }
            places[place].users += 1
        }
        return PoolLease(place: place, epoch: places[place].epoch)
    }

    /// True if waiting makes sense: a connection of that role is up, or its first attempt is running.
    private func isHopeful(_ role: Role) -> Bool {
        places.contains { place in
            guard place.role == role else { return false }
            switch place.state {
            case .up, .leased, .connecting(hopeful: true): return true
            case .resting, .pausing, .connecting(hopeful: false): return false
            }
        }
    }

    private mutating func serve() -> [Action] {
        var actions: [Action] = []
        var left = Deque<(id: Int, role: Role)>()
        while let waiter = waiters.popFirst() {
            if let lease = take(waiter.role) {
                actions.append(.grant(waiter: waiter.id, lease))
            } else {
                left.append(waiter)
            }
        }
        waiters = left
        return actions
    }

    private mutating func refuseHopeless() -> [Action] {
        let shared = isHopeful(.shared), exclusive = isHopeful(.exclusive)
        let hopeless = waiters.filter { !($0.role == .shared ? shared : exclusive) }
        waiters.removeAll { !($0.role == .shared ? shared : exclusive) }
        return hopeless.map { .refuse(waiter: $0.id, .unavailable(lastProblem)) }
    }
}
