// The times of a client's recent requests in one class, oldest first. Pure.

/// At most `limit` entries in any 60 seconds, exactly: an entry counts until more than 60 s have passed (C3.1). An
/// entry takes four bytes: the lower half of its milliseconds. So the owner must drop it within 49 days.
struct RequestTimes {
    static let windowMilliseconds: UInt32 = 60_000
    private static let smallest = 8

    /// A ring, never larger than the limit; empty while no entry counts.
    private var ring: [UInt32] = []
    private var first: Int32 = 0
    private(set) var count: Int32 = 0

    /// Allocated entries.
    var capacity: Int { ring.count }

    /// Drops the entries that no longer count at `now`.
    mutating func forget(at now: UInt32) {
        while count > 0, now &- ring[Int(first)] > RequestTimes.windowMilliseconds {
            first = first + 1 == ring.count ? 0 : first + 1
            count -= 1
        }
        if count == 0, ring.count > RequestTimes.smallest { clear() }
    }

    mutating func clear() { self = RequestTimes() }

    /// The standing at `now`. Call `forget` for the same moment first.
    func standing(limit: Int, at now: UInt32) -> RateStanding {
        let waiting = count == 0 ? 0 : RequestTimes.windowMilliseconds + 1 - (now &- ring[Int(first)])
        return RateStanding(
            limit: limit, remaining: max(0, limit - Int(count)), resetSeconds: Int((waiting + 999) / 1000))
    }

    /// Adds a request. The count must be below `limit`.
    mutating func append(_ now: UInt32, limit: Int) {
        if count == ring.count { grow(limit: limit) }
        let end = Int(first) + Int(count)
        ring[end < ring.count ? end : end - ring.count] = now
        count += 1
    }

    private mutating func grow(limit: Int) {
        let size = min(limit, max(RequestTimes.smallest, 2 * ring.count))
        var larger: [UInt32] = []
        larger.reserveCapacity(size)
        larger += ring[Int(first)...]
        larger += ring[..<Int(first)]
        larger += repeatElement(0, count: size - larger.count)
        ring = larger
        first = 0
    }
}

/// The values of the `RateLimit-*` headers.
public struct RateStanding: Equatable, Sendable {
    public var limit: Int
    public var remaining: Int
    /// Seconds until the oldest counted request expires; 0 without one.
    public var resetSeconds: Int
}
