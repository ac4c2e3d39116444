// Figures of several rounds: medians and ranges. A value; any thread.

struct RoundFigures: Sendable {
    struct Spread: Sendable, Equatable {
        var name: String
        var better: Figure.Better
        var median: Double
        var low: Double
        var high: Double
        var rounds: Int
    }

    private var order: [String] = []
    private var values: [String: (better: Figure.Better, values: [Double])] = [:]

    mutating func add(_ figures: [Figure]) {
        for figure in figures {
            if values[figure.name] == nil { order.append(figure.name) }
            values[figure.name, default: (figure.better, [])].values.append(figure.value)
        }
    }

    /// In the order of each figure's first appearance.
    var spreads: [Spread] {
        order.compactMap { name in
            guard let entry = values[name], let low = entry.values.min(), let high = entry.values.max() else {
                return nil
            }
            return Spread(
                name: name, better: entry.better, median: RoundFigures.median(entry.values), low: low, high: high,
                rounds: entry.values.count)
        }
    }

    var medians: [Figure] { spreads.map { Figure($0.name, $0.median, $0.better) } }

    /// For an even number of values the mean of the middle two; 0 for none.
    static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
