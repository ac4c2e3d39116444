// Records of a load driver: latencies, bytes and errors, in slices of time. A value; any thread.

/// One slice of a run. Latencies in milliseconds; zero if nothing was completed.
struct LoadSlice: Sendable, Equatable {
    /// Seconds from the start of the run to the start of the slice.
    var at: Double
    /// Only the last slice may be shorter than the others.
    var seconds: Double
    var count = 0
    var errors = 0
    var bytes = 0
    var p50 = 0.0
    var p99 = 0.0
    var max = 0.0
}

struct LoadRecorder: Sendable {
    /// Kinds of errors that are counted separately.
    static let errorKindsMax = 32

    /// In ``Monotonic`` seconds: earlier events do not count (warm-up).
    let begin: Double
    private let origin: Double
    private let sliceSeconds: Double
    private var sliceBegin: Double
    private var open = LatencyHistogram()
    private var openBytes = 0
    private var openErrors = 0
    private var closed = LatencyHistogram()
    private(set) var slices: [LoadSlice] = []
    private(set) var errors: [String: Int] = [:]
    private(set) var bytes = 0

    /// - Parameters:
    ///   - origin: start of the time axis.
    ///   - begin: start of the measurement.
    init(origin: Double, begin: Double, sliceSeconds: Double) {
        self.origin = origin
        self.begin = begin
        self.sliceSeconds = sliceSeconds
        sliceBegin = begin
    }

    /// About 50 slices for a run of `seconds`, each at least 0.1 s, so that each has enough events.
    static func sliceSeconds(for seconds: Double) -> Double {
        let wanted = seconds / 50
        return [0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 30].first { $0 >= wanted } ?? 60
    }

    var histogram: LatencyHistogram {
        var all = closed
        all.add(open)
        return all
    }

    var count: Int { closed.count + open.count }
    var errorCount: Int { errors.values.reduce(0, +) }

    mutating func completed(at now: Double, seconds: Double, bytes: Int) {
        if now >= sliceBegin + sliceSeconds { close(at: now) }
        open.record(seconds: seconds)
        openBytes &+= bytes
    }

    mutating func failed(at now: Double, _ reason: String) {
        if now >= sliceBegin + sliceSeconds { close(at: now) }
        openErrors += 1
        let isKnown = errors[reason] != nil || errors.count < LoadRecorder.errorKindsMax
        errors[isKnown ? reason : "other", default: 0] += 1
    }

    /// Closes the last slice.
    mutating func finish(at now: Double) {
        close(at: now)
        if now > sliceBegin, open.count + openErrors > 0 { closeOne(seconds: now - sliceBegin) }
    }

    /// Appends a later run, whose slices follow ours. Both are finished.
    mutating func merge(_ later: LoadRecorder) {
        slices += later.slices
        closed.add(later.histogram)
        bytes += later.bytes
        for (reason, count) in later.errors { errors[reason, default: 0] += count }
    }

    /// Keeps empty slices, because they show a stall.
    private mutating func close(at now: Double) {
        while now >= sliceBegin + sliceSeconds { closeOne(seconds: sliceSeconds) }
    }

    private mutating func closeOne(seconds: Double) {
        let summary = LatencySummary(open)
        slices.append(
            LoadSlice(
                at: sliceBegin - origin, seconds: seconds, count: open.count, errors: openErrors, bytes: openBytes,
                p50: summary.p50, p99: summary.p99, max: summary.max))
        closed.add(open)
        bytes += openBytes
        open.removeAll()
        (openBytes, openErrors) = (0, 0)
        sliceBegin += sliceSeconds
    }
}
