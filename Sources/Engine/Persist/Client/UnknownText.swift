// Texts from the database that stand for a state. A text that this version does not know is an error, never an end
// state: an instance older than the schema must not touch what it cannot read. Thread: the loop's.

extension Row {
    /// The text of `column` as one of the values that this version knows.
    /// - Throws: `DatabaseError.Kind.unknownText`.
    func known<Value: RawRepresentable<String>>(
        _ column: Int, _ name: UnknownText, as type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        guard let value = Value(rawValue: text(column)) else {
            throw DatabaseError(
                .unknownText(name),
                "\(name.label) is '\(text(column).prefix(40))', which this version does not know; the row is left alone"
            )
        }
        return value
    }
}

extension DatabaseError {
    /// The row was written by a newer version.
    var isUnknownText: Bool {
        if case .unknownText = kind { true } else { false }
    }
}

/// The rows of this process that it cannot read: each is logged once and counted once. Any thread.
public final class UnreadableRows: Sendable {
    /// Rows remembered; further ones are neither logged nor counted.
    static let rowsMax = 1000

    private let rows = Lock<Set<Identifier>>([])

    public init() {}

    /// - Returns: true the first time that `row` is met.
    func isNew(_ row: Identifier) -> Bool {
        rows.withLock { $0.count < UnreadableRows.rowsMax && $0.insert(row).inserted }
    }
}
