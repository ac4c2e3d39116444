// JSON arrays of strings in this service's own tables, such as a lot's image URLs. Any thread.

/// A row differs from the data that this service wrote: the database is damaged. The caller must not draw conclusions
/// from the row.
public struct CorruptJSON: Error, Sendable, CustomStringConvertible {
    public let description = "a row does not hold a JSON array of strings"
}

extension JSONValue {
    /// Parses `text`, a JSON array of strings.
    /// - Throws: ``CorruptJSON``.
    public static func strings(of text: String) throws(CorruptJSON) -> [String] {
        guard let array = (try? JSONValue.parse(Array(text.utf8)))?.array else { throw CorruptJSON() }
        let strings = array.compactMap(\.string)
        guard strings.count == array.count else { throw CorruptJSON() }
        return strings
    }
}
