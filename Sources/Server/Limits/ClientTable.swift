// The clients that the rate limiter remembers, ordered by their last request. Pure. Each call takes the same short time
// for any number of clients.
import Engine

/// A bounded table of clients. A new client displaces the one that has been idle longest.
struct ClientTable {
    private struct Client {
        var address: IPAddress
        /// Time of its last request, in milliseconds.
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
    /// Unused places in `clients`.
    private var free: [Int32] = []
    private var oldest = ClientTable.none
    private var newest = ClientTable.none
    /// Allocated entries, over all clients.
    private(set) var timesHeld = 0

    var count: Int { places.count }

    /// Reserves the address space now, so no request waits for the table to grow. The system provides the memory as it
    /// fills.
    init(clientsMax: Int, timesMax: Int) {
        self.clientsMax = clientsMax
        self.timesMax = timesMax
        clients.reserveCapacity(clientsMax)
        places.reserveCapacity(clientsMax)
        free.reserveCapacity(clientsMax)
    }

    /// Counts a request of `address` in the class if its count is below `limit`.
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

    /// The standing of `address`, without counting a request.
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

    /// The client has no request left that counts.
    private func isIdle(_ place: Int32, at now: UInt64) -> Bool {
        now - clients[Int(place)].seen > UInt64(RequestTimes.windowMilliseconds)
    }

    /// Marks the client as the newest and drops its expired requests.
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

    /// Removes up to two clients whose requests no longer count. Each call adds one client at most.
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
