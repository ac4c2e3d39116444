// A histogram of durations with the same relative precision at every magnitude (the idea of HdrHistogram). A value; any
// thread.

/// Durations in nanoseconds, in buckets of at most 1/128 of their value. Constant memory; `record` takes a few
/// instructions. The maximum and the mean are exact.
public struct LatencyHistogram: Sendable {
    /// Bits of a value that determine its bucket.
    private static let bits = 7
    private static let half = 1 << bits
    /// Longer durations count as this one: 2^42 ns are 73 minutes.
    private static let highestBit = 41
    private static let ceiling = 1 << (highestBit + 1)
    private static let buckets = 2 * half + (highestBit - bits) * half

    private var counts = [UInt64](repeating: 0, count: buckets)
    public private(set) var count = 0
    /// Nanoseconds.
    public private(set) var max = 0
    private var sum = 0.0

    public init() {}

    public mutating func record(nanoseconds: Int) {
        let value = Swift.min(Swift.max(0, nanoseconds), LatencyHistogram.ceiling - 1)
        counts[LatencyHistogram.index(of: value)] &+= 1
        count &+= 1
        sum += Double(value)
        if value > max { max = value }
    }

    public mutating func record(seconds: Double) { record(nanoseconds: Int(seconds * 1e9)) }

    public mutating func add(_ other: LatencyHistogram) {
        guard other.count > 0 else { return }
        for index in counts.indices { counts[index] &+= other.counts[index] }
        count += other.count
        sum += other.sum
        max = Swift.max(max, other.max)
    }

    public mutating func removeAll() {
        guard count > 0 else { return }
        for index in counts.indices { counts[index] = 0 }
        (count, max, sum) = (0, 0, 0)
    }

    /// Nanoseconds.
    public var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// The duration in nanoseconds that a share of 0...1 of all values does not exceed: at least the exact one and at
    /// most 1/128 above it. 0 if nothing was recorded.
    public func percentile(_ share: Double) -> Int {
        let rank = UInt64(Swift.max(1, (share * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, inBucket) in counts.enumerated() where inBucket > 0 {
            seen += inBucket
            if seen >= rank { return Swift.min(max, LatencyHistogram.highest(in: index)) }
        }
        return max
    }

    private static func index(of value: Int) -> Int {
        guard value >= 2 * half else { return value }
        let shift = Int.bitWidth - 1 - value.leadingZeroBitCount - bits
        return 2 * half + (shift - 1) * half + (value >> shift) - half
    }

    /// The highest value that falls into the bucket.
    private static func highest(in index: Int) -> Int {
        guard index >= 2 * half else { return index }
        let shift = (index - 2 * half) / half + 1
        let mantissa = (index - 2 * half) % half + half
        return (mantissa + 1) << shift - 1
    }
}

/// The reported figures of a histogram, in milliseconds.
public struct LatencySummary: Sendable, Equatable {
    public var count = 0
    public var mean = 0.0
    public var p50 = 0.0
    public var p90 = 0.0
    public var p99 = 0.0
    public var p999 = 0.0
    public var max = 0.0

    public init(_ histogram: LatencyHistogram) {
        func milliseconds(_ share: Double) -> Double { Double(histogram.percentile(share)) / 1e6 }
        count = histogram.count
        mean = histogram.mean / 1e6
        (p50, p90, p99, p999) = (milliseconds(0.5), milliseconds(0.9), milliseconds(0.99), milliseconds(0.999))
        max = Double(histogram.max) / 1e6
    }
}
