// JSON arrays of strings as our own tables hold them: a lot's image URLs. Any thread.

/// A row that this service wrote does not hold what it wrote: the database is damaged. Nothing is concluded from it.
public struct CorruptJSON: Error, Sendable, CustomStringConvertible {
    public let description = "a row does not hold a JSON array of strings"
}

extension JSONValue {
    /// The strings of `text`, a JSON array.
    /// - Throws: ``CorruptJSON``.
    public static func strings(of text: String) throws(CorruptJSON) -> [String] {
        guard let array = (try? JSONValue.parse(Array(text.utf8)))?.array else { throw CorruptJSON() }
        let strings = array.compactMap(\.string)
        guard strings.count == array.count else { throw CorruptJSON() }
        return strings
    }
}
