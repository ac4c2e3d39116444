// Compares two implementations, run in turn, figure by figure. A value; any thread.
import Engine

struct Comparison: Sendable {
    struct Line: Sendable, Equatable {
        var a: RoundFigures.Spread
        var b: RoundFigures.Spread
        /// A's median divided by B's; nil if B's is zero.
        var ratio: Double?
        /// The lowest and highest ratio that the two ranges allow.
        var low: Double?
        var high: Double?

        /// How many times better A is, if the figure has a direction; below 1: B is better.
        var advantage: Double? {
            guard let ratio, ratio > 0 else { return nil }
            switch a.better {
            case .higher: return ratio
            case .lower: return 1 / ratio
            case .neither: return nil
            }
        }
    }

    let driver: String
    let targetA: String
    let targetB: String
    private(set) var a = RoundFigures()
    private(set) var b = RoundFigures()
    private(set) var rounds: [(a: DriverReport, b: DriverReport)] = []

    init(driver: String, targetA: String, targetB: String) {
        (self.driver, self.targetA, self.targetB) = (driver, targetA, targetB)
    }

    mutating func add(_ a: DriverReport, _ b: DriverReport) {
        self.a.add(a.figures)
        self.b.add(b.figures)
        rounds.append((a, b))
    }

    var hasErrors: Bool { rounds.contains { !$0.a.errors.isEmpty || !$0.b.errors.isEmpty } }

    /// Figures that both reports have.
    var lines: [Line] {
        let others = b.spreads
        return a.spreads.compactMap { a in
            guard let b = others.first(where: { $0.name == a.name }) else { return nil }
            func over(_ x: Double, _ y: Double) -> Double? { y == 0 ? nil : x / y }
            return Line(
                a: a, b: b, ratio: over(a.median, b.median), low: over(a.low, b.high), high: over(a.high, b.low))
        }
    }
}

// MARK: - Output

extension Comparison {
    private func shown(_ spread: RoundFigures.Spread) -> String {
        "\(NumberText.short(spread.median)) [\(NumberText.short(spread.low)) - \(NumberText.short(spread.high))]"
    }

    private func rows() -> [[String]] {
        lines.map { line in
            let range = [line.low, line.high].compactMap { $0.map { NumberText.short($0) } }.joined(separator: " - ")
            let ratio = line.ratio.map { "\(NumberText.short($0)) [\(range)]" } ?? "-"
            let verdict = line.advantage.map {
                $0 >= 1 ? "A \(NumberText.short($0))x" : "B \(NumberText.short(1 / $0))x"
            }
            return [line.a.name, shown(line.a), shown(line.b), ratio, verdict ?? ""]
        }
    }

    private static let head = ["figure", "A", "B", "A / B", "better"]

    /// A table for a terminal.
    var text: String {
        let table = [Comparison.head] + rows()
        let widths = Comparison.head.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        let lines = table.map { row in
            let line = row.enumerated().map { column, text in
                text + String(repeating: " ", count: widths[column] - text.count)
            }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        let title = "\(driver), medians of \(rounds.count) rounds [lowest - highest], A B in turn"
        return ([title, "A: \(targetA)", "B: \(targetB)"] + lines + errorLines).joined(separator: "\n")
    }

    private var errorLines: [String] {
        rounds.enumerated().flatMap { number, round in
            [("A", round.a), ("B", round.b)].flatMap { side, report in
                report.errors.sorted { $0.key < $1.key }.map {
                    "ERROR \(side), round \(number + 1), \(NumberText.grouped($0.value)) times: \($0.key)"
                }
            }
        }
    }

    var json: JSONValue {
        [
            "tool": "loadtest", "driver": .string(driver), "a": .string(targetA), "b": .string(targetB),
            "rounds": .int(rounds.count),
            "figures": .object(lines.map { ($0.a.name, $0.json) }),
            "reports": .array(rounds.map { ["a": $0.a.json, "b": $0.b.json] }),
        ]
    }

    var html: String {
        let body = [
            "<h1>loadtest compare: \(HTMLText.escape(driver))</h1>",
            "<p>A: \(HTMLText.escape(targetA))<br/>B: \(HTMLText.escape(targetB))</p>",
            "<p>Medians of \(rounds.count) rounds [lowest - highest], run in turn A B A B.</p>",
            HTMLText.table(Comparison.head, rows()),
            errorLines.map { "<p class=\"bad\">\(HTMLText.escape($0))</p>" }.joined(separator: "\n"), charts,
        ]
        return HTMLText.page(
            title: "loadtest compare: \(driver)", body: body.filter { !$0.isEmpty }.joined(separator: "\n"))
    }

    /// Every figure with a direction, by round.
    private var charts: String {
        guard rounds.count > 1 else { return "" }
        let names = lines.filter { $0.a.better != .neither }.map(\.a.name)
        return names.map { name in
            func points(_ report: (Int) -> DriverReport) -> [Series.Point] {
                rounds.indices.compactMap { round in
                    report(round).figure(name).map { Series.Point(at: Double(round + 1), value: $0) }
                }
            }
            return LineChart(
                title: name, unit: "by round",
                lines: [
                    .init(name: "A", points: points { rounds[$0].a }),
                    .init(name: "B", points: points { rounds[$0].b }),
                ], axisUnit: ""
            ).svg
        }.joined(separator: "\n")
    }
}

extension Comparison.Line {
    fileprivate var json: JSONValue {
        func number(_ value: Double?) -> JSONValue { value.map { .double(NumberText.rounded($0)) } ?? .null }
        func side(_ spread: RoundFigures.Spread) -> JSONValue {
            ["median": number(spread.median), "low": number(spread.low), "high": number(spread.high)]
        }
        return [
            "a": side(a), "b": side(b), "ratio": number(ratio), "ratio_low": number(low), "ratio_high": number(high),
            "better": .string(a.better.rawValue), "advantage_of_a": number(advantage),
        ]
    }
}
