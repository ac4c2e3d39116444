// The times of a client's recent requests in one class. Pure.
import DequeModule

/// At most `limit` entries in any 60 seconds, exactly: an entry counts until more than 60 s have passed (C3.1).
struct SlidingLog {
    static let windowMilliseconds: UInt64 = 60_000

    private var times = Deque<UInt64>()

    var isEmpty: Bool { times.isEmpty }

    /// Drops what no longer counts. `now` in milliseconds never goes back.
    mutating func forget(before now: UInt64) {
        while let first = times.first, now - first > SlidingLog.windowMilliseconds { times.removeFirst() }
    }

    /// How things stand, without a new entry.
    mutating func standing(limit: Int, now: UInt64) -> RateStanding {
        forget(before: now)
        let waiting = times.first.map { SlidingLog.windowMilliseconds + 1 - (now - $0) } ?? 0
        return RateStanding(
            limit: limit, remaining: max(0, limit - times.count), resetSeconds: Int((waiting + 999) / 1000))
    }

    /// Enters a request if there is room.
    mutating func admit(limit: Int, now: UInt64) -> RateVerdict {
        forget(before: now)
        let admitted = times.count < limit
        if admitted { times.append(now) }
        let standing = standing(limit: limit, now: now)
        return admitted ? .admitted(standing) : .refused(standing)
    }
}

/// What the `RateLimit-*` headers tell.
public struct RateStanding: Equatable, Sendable {
    public var limit: Int
    public var remaining: Int
    /// Seconds until the oldest request that counts no longer does; 0 if none counts.
    public var resetSeconds: Int
}

/// What becomes of a request.
public enum RateVerdict: Equatable, Sendable {
    /// Its class is not limited.
    case off
    case admitted(RateStanding)
    /// Not counted.
    case refused(RateStanding)
}
