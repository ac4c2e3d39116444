// Removal of what surrounds a text or bytes. Pure; any thread.

extension BidirectionalCollection {
    /// Returns the elements without those at both ends for which `isTrimmed` holds.
    package func trimming(_ isTrimmed: (Element) -> Bool) -> SubSequence {
        let rest = drop(while: isTrimmed)
        guard let last = rest.lastIndex(where: { !isTrimmed($0) }) else { return rest }
        return rest[...last]
    }
}

extension StringProtocol {
    /// The text without white space around it.
    package var trimmed: String { String(trimming(\.isWhitespace)) }
}
