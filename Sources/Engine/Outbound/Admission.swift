// Decides which exchange may open a connection now and which waits. Pure; the client's loop. curl's own limits are
// not used: its single queue blocks behind a full host, so one slow webhook receiver would delay all others (C6.3).
import DequeModule

/// Bounds exchanges in total and per host. Hosts with waiters take turns; within a host
/// the order is first come, first served.
struct Admission<ID: Hashable> {
    let total: Int
    let perHost: Int
    let waitersMax: Int
    private var running = 0
    private var hosts: [String: Host] = [:]
    /// Hosts with waiters and a free place, in the order of their turns.
    private var turns = Deque<String>()
    private(set) var waiting = 0

    private struct Host {
        var running = 0
        var waiters = Deque<ID>()
        var hasTurn = false
    }

    enum Decision: Equatable { case go, wait, refused }

    init(total: Int, perHost: Int, waitersMax: Int) {
        self.total = total
        self.perHost = perHost
        self.waitersMax = waitersMax
    }

    mutating func arrived(_ id: ID, host name: String) -> Decision {
        var host = hosts[name] ?? Host()
        if running < total, host.running < perHost, host.waiters.isEmpty {
            running += 1
            host.running += 1
            hosts[name] = host
            return .go
        }
        guard waiting < waitersMax else { return .refused }
        waiting += 1
        host.waiters.append(id)
        hosts[name] = host
        takeTurn(name)
        return .wait
    }

    /// Ends a running exchange and returns the waiters that may start now.
    mutating func ended(host name: String) -> [ID] {
        guard var host = hosts[name], host.running > 0 else {
            preconditionFailure("an exchange ended that was not running on its host")
        }
        running -= 1
        host.running -= 1
        hosts[name] = host
        takeTurn(name)
        let admitted = admit()
        forgetIfIdle(name)
        return admitted
    }

    /// Removes a waiter that gave up.
    mutating func withdrew(_ id: ID, host name: String) {
        guard let index = hosts[name]?.waiters.firstIndex(of: id) else { return }
        hosts[name]?.waiters.remove(at: index)
        waiting -= 1
        forgetIfIdle(name)
    }

    private mutating func admit() -> [ID] {
        var admitted: [ID] = []
        while running < total, let name = turns.popFirst() {
            hosts[name]?.hasTurn = false
            guard var host = hosts[name], host.running < perHost, let id = host.waiters.popFirst() else {
                forgetIfIdle(name)  // its waiters have given up
                continue
            }
            waiting -= 1
            running += 1
            host.running += 1
            hosts[name] = host
            admitted.append(id)
            takeTurn(name)
        }
        return admitted
    }

    private mutating func takeTurn(_ name: String) {
        guard let host = hosts[name], !host.hasTurn, !host.waiters.isEmpty, host.running < perHost else { return }
        hosts[name]?.hasTurn = true
        turns.append(name)
    }

    private mutating func forgetIfIdle(_ name: String) {
        guard let host = hosts[name], host.running == 0, host.waiters.isEmpty, !host.hasTurn else { return }
        hosts[name] = nil
    }
}
