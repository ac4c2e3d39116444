// The result of a driver: figures, latencies, series over time, errors. A value; any thread.
import Engine

/// One number for comparisons between runs. The name ends in its unit.
struct Figure: Sendable, Equatable {
    enum Better: String, Sendable { case higher, lower, neither }

    var name: String
    var value: Double
    var better: Better

    init(_ name: String, _ value: Double, _ better: Better = .neither) {
        self.name = name
        self.value = value
        self.better = better
    }
}

/// Latencies of one kind, as a whole and over time.
struct Latencies: Sendable {
    var name: String
    var summary: LatencySummary
    var slices: [LoadSlice]
}

/// Another quantity over time.
struct Series: Sendable {
    struct Point: Sendable, Equatable {
        /// Seconds from the start of the run.
        var at: Double
        var value: Double
    }

    var name: String
    var unit: String
    var points: [Point]
}

struct DriverReport: Sendable {
    var driver: String
    var target: String
    var startedAt: Timestamp
    /// The whole run, including its preparation.
    var seconds = 0.0
    var settings: [(String, JSONValue)] = []
    var figures: [Figure] = []
    var latencies: [Latencies] = []
    var series: [Series] = []
    var errors: [String: Int] = [:]
    /// Remarks for the reader of the figures.
    var notes: [String] = []
    var server: [ServerSample] = []

    init(driver: String, target: String, startedAt: Timestamp) {
        self.driver = driver
        self.target = target
        self.startedAt = startedAt
    }

    func figure(_ name: String) -> Double? { figures.first { $0.name == name }?.value }

    /// Latency figures of one kind; `prefix` distinguishes several kinds.
    mutating func add(_ name: String, _ recorder: LoadRecorder, prefix: String = "") {
        let summary = LatencySummary(recorder.histogram)
        latencies.append(Latencies(name: name, summary: summary, slices: recorder.slices))
        figures += [
            Figure(prefix + "p50_ms", summary.p50, .lower), Figure(prefix + "p90_ms", summary.p90, .lower),
            Figure(prefix + "p99_ms", summary.p99, .lower), Figure(prefix + "p99_9_ms", summary.p999, .lower),
            Figure(prefix + "max_ms", summary.max, .lower),
        ]
        errors.merge(recorder.errors) { $0 + $1 }
    }
}

// MARK: - JSON

extension DriverReport {
    var json: JSONValue {
        [
            "tool": "loadtest", "driver": .string(driver), "target": .string(target),
            "started_at": .string(startedAt.description), "seconds": number(seconds),
            "settings": .object(settings),
            "figures": .object(figures.map { ($0.name, number($0.value)) }),
            "latencies": .object(latencies.map { ($0.name, $0.json) }),
            "series": .array(series.map(\.json)),
            "errors": .object(errors.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) }),
            "notes": JSONValue(notes), "server": .array(server.map(\.json)),
        ]
    }
}

private func number(_ value: Double) -> JSONValue { .double(NumberText.rounded(value)) }

extension Latencies {
    fileprivate var json: JSONValue {
        [
            "count": .int(summary.count), "mean_ms": number(summary.mean), "p50_ms": number(summary.p50),
            "p90_ms": number(summary.p90), "p99_ms": number(summary.p99), "p99_9_ms": number(summary.p999),
            "max_ms": number(summary.max), "slices": .array(slices.map(\.json)),
        ]
    }
}

extension LoadSlice {
    fileprivate var json: JSONValue {
        [
            "at": number(at), "seconds": number(seconds), "count": .int(count), "errors": .int(errors),
            "bytes": .int(bytes), "p50_ms": number(p50), "p99_ms": number(p99), "max_ms": number(max),
        ]
    }
}

extension Series {
    fileprivate var json: JSONValue {
        [
            "name": .string(name), "unit": .string(unit),
            "points": .array(points.map { [number($0.at), number($0.value)] }),
        ]
    }
}

extension ServerSample {
    fileprivate var json: JSONValue {
        [
            "at": number(at), "rss_mb": number(residentMegabytes), "peak_mb": number(peakMegabytes),
            "cpu_seconds": number(cpuSeconds), "processes": .int(processes), "descriptors": .int(descriptors),
            "threads": .int(threads),
        ]
    }
}

// MARK: - Text

extension DriverReport {
    /// A few lines for a terminal.
    var text: String {
        let width = figures.map(\.name.count).max() ?? 0
        var lines = ["\(driver) against \(target), \(NumberText.short(seconds)) s"]
        lines += figures.map { figure in
            let name = figure.name + String(repeating: " ", count: width - figure.name.count)
            return "  \(name)  \(NumberText.short(figure.value))"
        }
        lines += errors.sorted { $0.key < $1.key }.map { "  ERROR \(NumberText.grouped($0.value)) times: \($0.key)" }
        lines += notes.map { "  note: \($0)" }
        return lines.joined(separator: "\n")
    }
}
