// The times of a client's recent requests in one class, oldest first. Pure.

/// At most `limit` entries in any 60 seconds, exactly: an entry counts until more than 60 s have passed (C3.1).
/// Four bytes an entry: milliseconds without their upper half, so whoever holds this must forget within 49 days.
struct RequestTimes {
    static let windowMilliseconds: UInt32 = 60_000
    private static let smallest = 8

    /// A ring. No larger than the limit; of no size while nothing counts.
    private var ring: [UInt32] = []
    private var first: Int32 = 0
    private(set) var count: Int32 = 0

    /// Entries there is memory for.
    var capacity: Int { ring.count }

    /// Drops what no longer counts at `now`.
    mutating func forget(at now: UInt32) {
        while count > 0, now &- ring[Int(first)] > RequestTimes.windowMilliseconds {
            first = first + 1 == ring.count ? 0 : first + 1
            count -= 1
        }
        if count == 0, ring.count > RequestTimes.smallest { clear() }
    }

    mutating func clear() { self = RequestTimes() }

    /// How things stand once `forget` has been called for the same moment.
    func standing(limit: Int, at now: UInt32) -> RateStanding {
        let waiting = count == 0 ? 0 : RequestTimes.windowMilliseconds + 1 - (now &- ring[Int(first)])
        return RateStanding(
            limit: limit, remaining: max(0, limit - Int(count)), resetSeconds: Int((waiting + 999) / 1000))
    }

    /// Enters a request; there must be room below `limit`.
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

/// What the `RateLimit-*` headers tell.
public struct RateStanding: Equatable, Sendable {
    public var limit: Int
    public var remaining: Int
    /// Seconds until the oldest request that counts no longer does; 0 if none counts.
    public var resetSeconds: Int
}
