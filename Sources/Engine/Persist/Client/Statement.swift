// A statement's fixed text. A plain value, any thread.

/// SQL with `$1`, `$2` ... for values; prepared once per connection that uses it.
///
/// The parameters have the types of their ``PGValue``s (`.int4` is `integer`, `.text` is `text`, and so on); the text
/// casts if a column has another type (`$1::jsonb`). A `.null` has no type; PostgreSQL infers it from its position.
public struct Statement: Sendable {
    /// Unique within the program; shown in logs and error messages.
    public let name: StaticString
    public let sql: String

    /// - Parameter sql: fixed text. Never put values into it.
    public init(_ name: StaticString, _ sql: String) {
        self.name = name
        self.sql = sql
    }
}
