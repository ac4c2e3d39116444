// A report as one HTML page: figures and charts, inline SVG, no script, no external resources. Pure; any thread.
import Engine
import Glibc

/// The natural logarithm.
func logarithm(_ value: Double) -> Double { log(value) }

enum HTMLText {
    static func escape(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
        return out
    }

    /// A table; the first column is text, the others are numbers.
    static func table(_ head: [String], _ rows: [[String]]) -> String {
        let header = head.map { "<th>\(escape($0))</th>" }.joined()
        let lines = rows.map { row in "<tr>" + row.map { "<td>\(escape($0))</td>" }.joined() + "</tr>" }
        return "<table><thead><tr>\(header)</tr></thead><tbody>\n\(lines.joined(separator: "\n"))\n</tbody></table>"
    }

    /// The whole page; well-formed XML as well as HTML.
    static func page(title: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title>\(escape(title))</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        \(body)
        </body>
        </html>

        """
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --grid: #e0e1e6; --paper: #ffffff;
          --c0: #0b68cb; --c1: #c2410c; --c2: #7c3aed; --c3: #0f766e; }
        @media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #b0b4ba; --grid: #363a3f;
          --paper: #111113; --c0: #70b8ff; --c1: #ffa057; --c2: #baa7ff; --c3: #0bd8b6; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
          max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
        p, .unit, .tick { color: var(--soft); } .tick, .unit { fill: var(--soft); font-size: 12px; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { text-align: right; padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid var(--grid); }
        th:first-child, td:first-child { text-align: left; }
        svg { display: block; width: 100%; margin: 1.5rem 0; } .title { fill: var(--ink); font-weight: 600; }
        .grid { stroke: var(--grid); } .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
        .bad { color: var(--c1); font-weight: 600; }
        """
}

extension DriverReport {
    var html: String {
        let parts =
            [
                "<h1>loadtest \(HTMLText.escape(driver))</h1>",
                """
                <p>\(HTMLText.escape(target)), begun \(startedAt), \(NumberText.short(seconds)) s in all</p>
                """,
                HTMLText.table(["figure", "value"], figures.map { [$0.name, NumberText.short($0.value)] }),
                errorList, notes.map { "<p>\(HTMLText.escape($0))</p>" }.joined(separator: "\n"), charts,
                "<h2>Settings</h2>",
                HTMLText.table(["setting", "value"], settings.map { [$0.0, $0.1.string ?? $0.1.text] }),
            ]
        return HTMLText.page(
            title: "loadtest \(driver): \(target)", body: parts.filter { !$0.isEmpty }.joined(separator: "\n"))
    }

    private var errorList: String {
        errors.sorted { $0.key < $1.key }
            .map { "<p class=\"bad\">\(NumberText.grouped($0.value)) times: \(HTMLText.escape($0.key))</p>" }
            .joined(separator: "\n")
    }

    private var charts: String {
        (latencies.flatMap(\.charts) + series.map(\.chart) + serverCharts).map(\.svg).joined(separator: "\n")
    }

    private var serverCharts: [LineChart] {
        guard server.count > 1 else { return [] }
        let resident = server.map { Series.Point(at: $0.at, value: $0.residentMegabytes) }
        let cores = zip(server, server.dropFirst()).map { before, after in
            Series.Point(
                at: after.at, value: max(0, after.cpuSeconds - before.cpuSeconds) / max(0.001, after.at - before.at))
        }
        return [
            LineChart(
                title: "Memory of the server", unit: "MB resident", lines: [.init(name: "rss", points: resident)]),
            LineChart(title: "CPU of the server", unit: "cores", lines: [.init(name: "cores", points: cores)]),
        ]
    }
}

extension Latencies {
    fileprivate var charts: [LineChart] {
        func points(_ value: (LoadSlice) -> Double) -> [Series.Point] {
            slices.map { Series.Point(at: $0.at + $0.seconds, value: value($0)) }
        }
        let busy = slices.filter { $0.count > 0 }
        func latency(_ name: String, _ value: (LoadSlice) -> Double) -> LineChart.Line {
            .init(name: name, points: busy.map { Series.Point(at: $0.at + $0.seconds, value: value($0)) })
        }
        return [
            LineChart(
                title: "Latency: \(name)", unit: "ms",
                lines: [latency("p50", \.p50), latency("p99", \.p99), latency("max", \.max)]),
            LineChart(
                title: "Throughput: \(name)", unit: "a second",
                lines: [.init(name: "completed", points: points { Double($0.count) / $0.seconds })]
                    + (slices.contains { $0.errors > 0 }
                        ? [.init(name: "errors", points: points { Double($0.errors) / $0.seconds })] : [])),
        ]
    }
}

extension Series {
    fileprivate var chart: LineChart {
        LineChart(title: name, unit: unit, lines: [.init(name: name, points: points)])
    }
}
