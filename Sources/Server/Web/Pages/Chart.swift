// Small charts as SVG: bars over time, without scripts. Pure.
import Engine

/// Numbers over time, oldest first; the second series counts the failed part of the first.
struct Chart {
    let title: String
    let values: [Double]
    var bad: [Double] = []
    /// The unit of a value, in words: `requests per second`.
    let unit: String
    /// Labels of the axis's ends.
    let from: String
    let to: String

    private static let (width, height) = (600.0, 120.0)

    func write(to html: inout HTML) {
        html.element("figure", ["class": "chart"]) { html in
            html.element("figcaption") { html in
                html.element("strong", title)
                html.say(" \(unit)")
            }
            html.element(
                "svg",
                [
                    "viewBox": "0 0 \(Int(Chart.width)) \(Int(Chart.height))", "role": "img", "aria-label": summary,
                    "preserveAspectRatio": "none",
                ]
            ) { html in
                bars(values, "bar", to: &html)
                bars(bad, "bar bad", to: &html)
            }
            html.element("p", ["class": "axis soft"]) { html in
                html.element("span", from)
                html.element("span", "most: \(Chart.number(peak))")
                html.element("span", self.to)
            }
        }
    }

    private var peak: Double { values.max() ?? 0 }

    /// The chart in words, for screen readers.
    private var summary: String {
        guard let last = values.last else { return "\(title): nothing yet" }
        return "\(title), \(unit), from \(from) to \(to): most \(Chart.number(peak)), last \(Chart.number(last))"
    }

    private func bars(_ values: [Double], _ style: String, to html: inout HTML) {
        guard peak > 0 else { return }
        let step = Chart.width / Double(values.count)
        for (index, value) in values.enumerated() where value > 0 {
            let tall = max(1, value / peak * Chart.height)
            html.element(
                "rect",
                [
                    "class": style, "x": Chart.number(Double(index) * step), "y": Chart.number(Chart.height - tall),
                    "width": Chart.number(max(0.8, step * 0.85)), "height": Chart.number(tall),
                ], "")
        }
    }

    /// Formats a number with at most one decimal.
    static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths.isMultiple(of: 10) ? String(tenths / 10) : "\(tenths / 10).\(abs(tenths % 10))"
    }
}
