// Parses the texts of states from the database. A text that this version does not know is an error, never an end
// state: an instance older than the schema must not touch rows that it cannot read. Thread: the loop's.

extension Row {
    /// Parses the text of `column` as one of the values that this version knows.
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
    /// True if a newer version wrote the row.
    var isUnknownText: Bool {
        if case .unknownText = kind { true } else { false }
    }
}

/// The rows that this process cannot read. Each is logged once and counted once. Any thread.
public final class UnreadableRows: Sendable {
    /// Most rows remembered; further ones are neither logged nor counted.
    static let rowsMax = 1000

    private let rows = Lock<Set<Identifier>>([])

    public init() {}

    /// - Returns: true for the first call with `row`.
    func isNew(_ row: Identifier) -> Bool {
        rows.withLock { $0.count < UnreadableRows.rowsMax && $0.insert(row).inserted }
    }
}
