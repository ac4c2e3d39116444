// The clients that the rate limiter remembers, in the order in which they were last seen. Pure; every call takes the
// same short time, however many there are.
import Engine

/// A bounded table of clients. One that does not fit makes the one that has been idle longest go.
struct ClientTable {
    private struct Client {
        var address: IPAddress
        /// When it last asked for something, milliseconds.
        var seen: UInt64
        var older: Int32
        var newer: Int32
        var times = InlineArray<3, RequestTimes>(repeating: RequestTimes())
    }

    private static let none: Int32 = -1

    private let clientsMax: Int
    private let timesMax: Int
    private var clients: [Client] = []
    private var places: [IPAddress: Int32] = [:]
    /// Places in `clients` that nobody has.
    private var free: [Int32] = []
    private var oldest = ClientTable.none
    private var newest = ClientTable.none
    /// Entries that there is memory for, over all clients.
    private(set) var timesHeld = 0

    var count: Int { places.count }

    /// Memory is set aside now and taken from the system as it fills, so that no request waits for the table to grow.
    init(clientsMax: Int, timesMax: Int) {
        self.clientsMax = clientsMax
        self.timesMax = timesMax
        clients.reserveCapacity(clientsMax)
        places.reserveCapacity(clientsMax)
        free.reserveCapacity(clientsMax)
    }

    /// Counts a request of `address` in the class, if there is room below `limit`.
    mutating func admit(_ address: IPAddress, _ rate: RateClass, limit: Int, at now: UInt64) -> RateVerdict {
        dropIdle(at: now)
        let place = places[address] ?? insert(address, at: now)
        touch(place, at: now)
        let time = UInt32(truncatingIfNeeded: now)
        let index = rate.rawValue
        guard clients[Int(place)].times[index].count < limit else {
            return .refused(clients[Int(place)].times[index].standing(limit: limit, at: time))
        }
        let held = clients[Int(place)].times[index].capacity
        clients[Int(place)].times[index].append(time, limit: limit)
        timesHeld += clients[Int(place)].times[index].capacity - held
        while timesHeld > timesMax, oldest != place { remove(oldest) }
        return .admitted(clients[Int(place)].times[index].standing(limit: limit, at: time))
    }

    /// How `address` stands, without counting anything.
    mutating func look(_ address: IPAddress, _ rate: RateClass, limit: Int, at now: UInt64) -> RateVerdict {
        guard let place = places[address], !isIdle(place, at: now) else {
            return .admitted(RateStanding(limit: limit, remaining: limit, resetSeconds: 0))
        }
        touch(place, at: now)
        let standing = clients[Int(place)].times[rate.rawValue].standing(
            limit: limit, at: UInt32(truncatingIfNeeded: now))
        return standing.remaining > 0 ? .admitted(standing) : .refused(standing)
    }
}

// MARK: - Coming and going

extension ClientTable {
    private mutating func insert(_ address: IPAddress, at now: UInt64) -> Int32 {
        if places.count >= clientsMax { remove(oldest) }
        let client = Client(address: address, seen: now, older: ClientTable.none, newer: ClientTable.none)
        let place: Int32
        if let vacant = free.popLast() {
            place = vacant
            clients[Int(place)] = client
        } else {
            place = Int32(clients.count)
            clients.append(client)
        }
        places[address] = place
        append(place)
        return place
    }

    /// Nothing of it counts any more.
    private func isIdle(_ place: Int32, at now: UInt64) -> Bool {
        now - clients[Int(place)].seen > UInt64(RequestTimes.windowMilliseconds)
    }

    /// Makes it the newest, and forgets what no longer counts of it.
    private mutating func touch(_ place: Int32, at now: UInt64) {
        let index = Int(place)
        let wasIdle = isIdle(place, at: now)
        clients[index].seen = now
        for rate in 0..<3 where clients[index].times[rate].capacity > 0 {
            let held = clients[index].times[rate].capacity
            if wasIdle {
                clients[index].times[rate].clear()
            } else {
                clients[index].times[rate].forget(at: UInt32(truncatingIfNeeded: now))
            }
            timesHeld -= held - clients[index].times[rate].capacity
        }
        guard newest != place else { return }
        unlink(place)
        append(place)
    }

    /// Lets two of those go of whom nothing counts any more: twice as fast as others can come.
    private mutating func dropIdle(at now: UInt64) {
        for _ in 0..<2 where oldest != ClientTable.none {
            guard isIdle(oldest, at: now) else { return }
            remove(oldest)
        }
    }

    private mutating func remove(_ place: Int32) {
        let index = Int(place)
        unlink(place)
        places[clients[index].address] = nil
        for rate in 0..<3 {
            timesHeld -= clients[index].times[rate].capacity
            clients[index].times[rate].clear()
        }
        free.append(place)
    }

    private mutating func append(_ place: Int32) {
        clients[Int(place)].older = newest
        clients[Int(place)].newer = ClientTable.none
        if newest == ClientTable.none { oldest = place } else { clients[Int(newest)].newer = place }
        newest = place
    }

    private mutating func unlink(_ place: Int32) {
        let (older, newer) = (clients[Int(place)].older, clients[Int(place)].newer)
        if older == ClientTable.none { oldest = newer } else { clients[Int(older)].newer = newer }
        if newer == ClientTable.none { newest = older } else { clients[Int(newer)].older = older }
    }
}
