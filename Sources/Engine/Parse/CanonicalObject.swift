// Walks the members of an object in canonical text: no white space, unique keys in order. Pure. Thread: any.

struct CanonicalObject {
    /// Where the next member begins; after the last one, the closing brace.
    private(set) var index: Int

    /// The object that opens at `start`.
    init(_ text: Span<UInt8>, at start: Int) { index = start + 1 }

    /// The next member: its key without the quotes, and its value; nil at the end.
    mutating func next(_ text: Span<UInt8>) -> (key: Range<Int>, value: Range<Int>)? {
        guard text[index] != JSONText.closeObject else { return nil }
        let keyEnd = JSONWalk.endOfString(text, from: index)
        let key = index + 1..<keyEnd - 1
        let end = JSONWalk.endOfValue(text, from: keyEnd + 1)
        index = text[end] == JSONText.comma ? end + 1 : end
        return (key, keyEnd + 1..<end)
    }
}

/// Where the fields that we know stand in a lot's canonical text.
struct LotFields {
    private(set) var lotID: Range<Int>?
    private(set) var additionalInfo: Range<Int>?
    private(set) var webhook: Range<Int>?
    private(set) var images: Range<Int>?

    init(_ text: Span<UInt8>) {
        var object = CanonicalObject(text, at: 0)
        while let (key, value) = object.next(text) {
            if text.equals("lot_id", in: key) {
                lotID = value
            } else if text.equals("additional_info", in: key) {
                additionalInfo = value
            } else if text.equals("webhook", in: key) {
                webhook = value
            } else if text.equals("images", in: key) {
                images = value
            }
        }
    }
}

extension Span where Element == UInt8 {
    func equals(_ name: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count {
            // Unsafe: a StaticString's bytes are constant, and the count was compared above.
            if unsafe self[range.lowerBound + offset] != name.utf8Start[offset] { return false }
        }
        return true
    }
}
