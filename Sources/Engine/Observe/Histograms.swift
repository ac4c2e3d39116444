// Durations, counted in buckets. Written by one thread, read by any (see Tallies).

/// The upper bounds of a histogram's buckets.
public struct Buckets: Sendable {
    /// Nanoseconds, ascending; a value equal to a bound is in that bound's bucket (`le`).
    let bounds: [Int]
    /// The same bounds in seconds.
    public let seconds: [Double]

    public init(seconds: [Double]) {
        self.seconds = seconds
        bounds = seconds.map { Int(($0 * 1_000_000_000).rounded()) }
    }

    /// For short operations: statements, turns of a loop.
    public static let moments = Buckets(
        seconds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30])
    /// For requests: a status request takes a millisecond, a synchronous lot up to 300 s.
    public static let requests = Buckets(
        seconds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300])
    /// For external calls.
    public static let calls = Buckets(
        seconds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 1800])
}

/// Several histograms with the same buckets, one per row.
public final class Histograms: Sendable {
    public let buckets: Buckets
    public let rows: Int
    /// Per row: one cell per bucket, one for values above all bounds, and the sum in nanoseconds.
    private let cells: Tallies
    private let width: Int

    public init(rows: Int = 1, _ buckets: Buckets) {
        self.rows = rows
        self.buckets = buckets
        width = buckets.bounds.count + 2
        cells = Tallies(rows * width)
    }

    /// Writer's thread.
    public func observe(nanoseconds: Int, row: Int = 0) {
        precondition(row >= 0 && row < rows, "there is no histogram with this row")
        let value = max(0, nanoseconds)
        var bucket = 0
        // Linear, because most values are in the first few buckets.
        while bucket < buckets.bounds.count, value > buckets.bounds[bucket] { bucket += 1 }
        cells.add(at: row * width + bucket)
        cells.add(value, at: row * width + width - 1)
    }

    /// Returns the current content of a row. Any thread.
    public func snapshot(row: Int = 0) -> HistogramSnapshot {
        HistogramSnapshot(
            buckets: buckets, counts: (0..<width - 1).map { cells[row * width + $0] },
            sumNanoseconds: cells[row * width + width - 1])
    }
}

/// The content of a histogram at one moment. A value.
public struct HistogramSnapshot: Sendable {
    public let buckets: Buckets
    /// Counts per bucket, not cumulative; the last one counts the values above all bounds.
    public private(set) var counts: [Int]
    public private(set) var sumNanoseconds: Int

    init(buckets: Buckets, counts: [Int], sumNanoseconds: Int) {
        self.buckets = buckets
        self.counts = counts
        self.sumNanoseconds = sumNanoseconds
    }

    public var count: Int { counts.reduce(0, +) }

    /// Adds two histograms with the same buckets.
    public static func + (a: HistogramSnapshot, b: HistogramSnapshot) -> HistogramSnapshot {
        precondition(a.counts.count == b.counts.count, "histograms with different buckets cannot be added")
        return HistogramSnapshot(
            buckets: a.buckets, counts: zip(a.counts, b.counts).map { $0 + $1 },
            sumNanoseconds: a.sumNanoseconds + b.sumNanoseconds)
    }
}
