// Prometheus' text format, version 0.0.4. Pure; any thread.

/// Builds a scrape, one family after the other.
public struct MetricsText: Sendable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }
    public typealias Labels = [(name: String, value: String)]

    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public private(set) var bytes: [UInt8] = []
    private var name = ""

    public init() { bytes.reserveCapacity(64 * 1024) }

    /// Begins a family; its samples follow. Names and label names must match `[a-z_]`; only values are escaped.
    public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        append("# HELP ")
        append(name)
        append(" ")
        escape(help, quotes: false)
        append("\n# TYPE ")
        append(name)
        append(" ")
        append(kind.rawValue)
        append("\n")
    }

    public mutating func sample(_ labels: Labels, _ value: Int) { line("", labels, String(value)) }
    public mutating func sample(_ labels: Labels, _ value: Double) { line("", labels, MetricsText.number(value)) }
    public mutating func sample(_ value: Int) { sample([], value) }
    public mutating func sample(_ value: Double) { sample([], value) }

    /// Writes buckets, sum and count of one histogram of the family. The buckets are
    /// cumulative, so the last one equals the count.
    public mutating func histogram(_ histogram: HistogramSnapshot, _ labels: Labels = []) {
        var below = 0
        for (bound, count) in zip(histogram.buckets.seconds + [.infinity], histogram.counts) {
            below += count
            line("_bucket", labels + [("le", MetricsText.number(bound))], String(below))
        }
        line("_sum", labels, MetricsText.number(Double(histogram.sumNanoseconds) / 1_000_000_000))
        line("_count", labels, String(below))
    }

    private mutating func line(_ suffix: String, _ labels: Labels, _ value: String) {
        append(name)
        append(suffix)
        for (index, label) in labels.enumerated() {
            append(index == 0 ? "{" : ",")
            append(label.name)
            append("=\"")
            escape(label.value, quotes: true)
            append("\"")
        }
        append(labels.isEmpty ? " " : "} ")
        append(value)
        append("\n")
    }

    /// Formats a number so that Go's `ParseFloat` reads it.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int(exactly: value).map(String.init) ?? value.description
    }

    private mutating func escape(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            case _: bytes.append(byte)
            }
        }
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
