// A line chart as SVG text: axes, grid, lines, a legend. Colours are CSS classes of the page. Pure; any thread.

/// Several lines over one axis of seconds.
struct LineChart {
    struct Line {
        var name: String
        var points: [Series.Point]
    }

    var title: String
    var unit: String
    var lines: [Line]
    /// Label of the horizontal axis.
    var axisUnit = " s"

    private static let width = 720.0
    private static let height = 240.0
    private static let left = 64.0
    private static let right = 28.0
    private static let top = 36.0
    private static let bottom = 32.0

    /// Values that span more than this factor are drawn on a logarithmic axis.
    private static let logarithmicFrom = 40.0

    var svg: String {
        let drawn = lines.filter { !$0.points.isEmpty }
        guard !drawn.isEmpty else { return "" }
        let xAxis = Axis.linear(drawn.flatMap { $0.points.map(\.at) }, from: LineChart.left, to: plotRight)
        let yAxis = valueAxis(drawn.flatMap { $0.points.map(\.value) })
        let size = "\(Int(LineChart.width)) \(Int(LineChart.height))"
        let label = HTMLText.escape("\(title), \(unit)")
        return """
            <svg viewBox="0 0 \(size)" role="img" aria-label="\(label)">
            <text class="title" x="0" y="14">\(HTMLText.escape(title)) <tspan class="unit">\(HTMLText.escape(unit))\
            \(yAxis.isLogarithmic ? ", logarithmic" : "")</tspan></text>
            \(grid(xAxis, yAxis))
            \(drawn.enumerated().map { path($1, number: $0, xAxis, yAxis) }.joined(separator: "\n"))
            \(legend(drawn))
            </svg>
            """
    }

    private var plotRight: Double { LineChart.width - LineChart.right }
    private var plotBottom: Double { LineChart.height - LineChart.bottom }

    private func valueAxis(_ values: [Double]) -> Axis {
        let positive = values.filter { $0 > 0 }
        if let low = positive.min(), let high = positive.max(), high / low > LineChart.logarithmicFrom {
            return Axis.logarithmic(low: low, high: high, from: plotBottom, to: LineChart.top)
        }
        return Axis.linear(values + [0], from: plotBottom, to: LineChart.top)
    }

    private func grid(_ xAxis: Axis, _ yAxis: Axis) -> String {
        let across = yAxis.ticks.map { tick -> String in
            let y = svgNumber(yAxis.place(tick))
            let x = svgNumber(LineChart.left - 6)
            return """
                <line class="grid" x1="\(svgNumber(LineChart.left))" x2="\(svgNumber(plotRight))" y1="\(y)" y2="\(y)"/>\
                <text class="tick" text-anchor="end" dy="4" x="\(x)" y="\(y)">\(NumberText.tick(tick))</text>
                """
        }
        let along = xAxis.ticks.map { tick in
            """
            <text class="tick" text-anchor="middle" x="\(svgNumber(xAxis.place(tick)))" \
            y="\(svgNumber(plotBottom + 16))">\(NumberText.tick(tick))\(axisUnit)</text>
            """
        }
        return (across + along).joined(separator: "\n")
    }

    private func path(_ line: Line, number: Int, _ xAxis: Axis, _ yAxis: Axis) -> String {
        let points = line.points.map { "\(svgNumber(xAxis.place($0.at))),\(svgNumber(yAxis.place($0.value)))" }
        return """
            <polyline class="line c\(number % 4)" points="\(points.joined(separator: " "))">\
            <title>\(HTMLText.escape(line.name))</title></polyline>
            """
    }

    private func legend(_ lines: [Line]) -> String {
        guard lines.count > 1 else { return "" }
        var x = plotRight
        var parts: [String] = []
        for (number, line) in lines.enumerated().reversed() {
            x -= Double(line.name.count) * 7 + 24
            parts.append(
                """
                <line class="line c\(number % 4)" x1="\(svgNumber(x))" x2="\(svgNumber(x + 12))" y1="10" y2="10"/>\
                <text class="tick" x="\(svgNumber(x + 16))" y="14">\(HTMLText.escape(line.name))</text>
                """)
        }
        return parts.joined(separator: "\n")
    }
}

private func svgNumber(_ value: Double) -> String { NumberText.fixed(value, 1) }

/// Maps values to positions, with round ticks.
struct Axis {
    let isLogarithmic: Bool
    let low: Double
    let high: Double
    let ticks: [Double]
    private let from: Double
    private let to: Double

    private init(isLogarithmic: Bool, low: Double, high: Double, ticks: [Double], from: Double, to: Double) {
        self.isLogarithmic = isLogarithmic
        (self.low, self.high) = (low, high)
        self.ticks = ticks
        (self.from, self.to) = (from, to)
    }

    /// Covers the values; steps of 1, 2 or 5 times a power of ten, about five of them.
    static func linear(_ values: [Double], from: Double, to: Double) -> Axis {
        let low = values.min() ?? 0
        let high = max(values.max() ?? 1, low + 1e-6)
        let step = roundStep((high - low) / 5)
        let first = (low / step).rounded(.down) * step
        let last = (high / step).rounded(.up) * step
        let count = Int(((last - first) / step).rounded())
        let ticks = (0...max(1, min(count, 20))).map { first + Double($0) * step }
        return Axis(isLogarithmic: false, low: first, high: last, ticks: ticks, from: from, to: to)
    }

    /// Whole powers of ten; both bounds above zero.
    static func logarithmic(low: Double, high: Double, from: Double, to: Double) -> Axis {
        var ticks: [Double] = []
        var power = 1e-6
        while power * 10 <= low { power *= 10 }
        ticks.append(power)
        while power < high {
            power *= 10
            ticks.append(power)
        }
        return Axis(
            isLogarithmic: true, low: ticks[0], high: ticks[ticks.count - 1], ticks: ticks, from: from, to: to)
    }

    /// The least of 1, 2, 5 times a power of ten that is not below `wanted`.
    private static func roundStep(_ wanted: Double) -> Double {
        var power = 1e-9
        while power * 10 <= wanted { power *= 10 }
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= wanted } ?? power * 10
    }

    func place(_ value: Double) -> Double {
        let share: Double
        if isLogarithmic {
            share = (logarithm(max(value, low)) - logarithm(low)) / (logarithm(high) - logarithm(low))
        } else {
            share = (value - low) / (high - low)
        }
        return from + (to - from) * min(max(share, 0), 1)
    }
}
