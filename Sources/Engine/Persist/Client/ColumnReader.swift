// Binds a query's columns to the values that are read from them, in one declaration. Thread: the loop's.

/// Reads a row column by column, in the order of the select list. ``list(_:)`` makes that list from the same code.
struct ColumnReader {
    /// nil while the columns are listed.
    private let row: Row?
    private var next = 0
    private var listed: [String] = []

    init(_ row: Row) { self.row = row }

    private init() { row = nil }

    /// Returns the select list of the columns that `read` reads. Their order must not depend on values, which are
    /// placeholders here.
    static func list(_ read: (inout ColumnReader) throws -> Void) -> String {
        var columns = ColumnReader()
        do { try read(&columns) } catch {
            preconditionFailure("a placeholder cannot be read: \(error)")
        }
        return columns.listed.joined(separator: ", ")
    }

    /// - Parameter column: the SQL expression of the column.
    mutating func uuid(_ column: StaticString) -> Identifier {
        take(column, or: Identifier(high: 0, low: 0)) { $0.uuid($1) }
    }

    mutating func text(_ column: StaticString) -> String { take(column, or: "") { $0.text($1) } }
    mutating func int(_ column: StaticString) -> Int { take(column, or: 0) { $0.int($1) } }
    mutating func bool(_ column: StaticString) -> Bool { take(column, or: false) { $0.bool($1) } }

    mutating func timestamp(_ column: StaticString) -> Timestamp {
        take(column, or: Timestamp(microseconds: 0)) { $0.timestamp($1) }
    }

    mutating func textArray(_ column: StaticString) -> [String] { take(column, or: []) { $0.textArray($1) } }

    mutating func optionalText(_ column: StaticString) -> String? { take(column, or: nil) { $0.optionalText($1) } }
    mutating func optionalInt(_ column: StaticString) -> Int? { take(column, or: nil) { $0.optionalInt($1) } }

    mutating func optionalTimestamp(_ column: StaticString) -> Timestamp? {
        take(column, or: nil) { $0.optionalTimestamp($1) }
    }

    mutating func optionalTextArray(_ column: StaticString) -> [String]? {
        take(column, or: nil) { $0.isNull($1) ? nil : $0.textArray($1) }
    }

    /// - Throws: `unknownText` for a row that a newer version wrote.
    mutating func known<Value: RawRepresentable<String> & CaseIterable>(
        _ column: StaticString, _ name: UnknownText
    ) throws(DatabaseError) -> Value {
        guard let row else {
            listed.append("\(column)")
            guard let placeholder = Value.allCases.first else { preconditionFailure("\(name) has no values") }
            return placeholder
        }
        defer { next += 1 }
        return try row.known(next, name)
    }

    @inline(__always)
    private mutating func take<Value>(
        _ column: StaticString, or listing: @autoclosure () -> Value, _ read: (Row, Int) -> Value
    ) -> Value {
        guard let row else {
            listed.append("\(column)")
            return listing()
        }
        defer { next += 1 }
        return read(row, next)
    }
}
