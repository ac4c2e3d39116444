// Counters with one label of few values.

/// The values of a label: the cases of an enum, numbered from 0.
public protocol MetricLabel: RawRepresentable<Int>, CaseIterable, Sendable {}

extension MetricLabel {
    /// The case's name in snake case, for scrapes.
    public var label: String {
        "\(self)".reduce(into: "") { text, letter in
            if letter.isUppercase { text.append("_") }
            text.append(contentsOf: letter.lowercased())
        }
    }
}

/// One tally per case. Written by one thread, read by any.
public struct Counts<Label: MetricLabel>: Sendable {
    private let tallies = Tallies(Label.allCases.count)

    public init() {}

    /// Writer's thread.
    public func add(_ label: Label, _ amount: Int = 1) { tallies.add(amount, at: label.rawValue) }

    /// Counts one more. Any thread, but then every writer must call this.
    func addShared(_ label: Label) { tallies.addShared(at: label.rawValue) }

    /// Writer's thread.
    public func set(_ label: Label, to value: Int) { tallies.set(value, at: label.rawValue) }

    /// Any thread.
    public subscript(label: Label) -> Int { tallies[label.rawValue] }
}
