// The rows that a reader passes on, one per lot. Pure values. Thread: any.

/// A validated lot in the form in which it is stored (C2.2). All its texts are in one buffer, which the reader reuses
/// for the next lot; keeping a copy of the row makes the reader allocate a new one. Texts are UTF-8 without NUL.
public struct LotRow: Sendable {
    /// Its position in the request, from 0.
    public internal(set) var position = 0
    public internal(set) var imageCount = 0
    /// Holds the texts that the ranges below refer to.
    public internal(set) var bytes: [UInt8] = []
    /// 1 to 255 characters.
    public internal(set) var lotID = 0..<0
    public internal(set) var additionalInfo: Range<Int>?
    public internal(set) var webhook: Range<Int>?
    /// A compact JSON array of at least one string.
    public internal(set) var images = 0..<0

    init() {}

    /// Prepares for another lot.
    mutating func begin(position: Int) {
        self.position = position
        imageCount = 0
        bytes.removeAll(keepingCapacity: true)
        lotID = 0..<0
        additionalInfo = nil
        webhook = nil
        images = 0..<0
    }

    /// Frees the memory that one unusually large lot needed.
    mutating func shrink(to bytes: Int) {
        if self.bytes.capacity > bytes { self.bytes = [] }
    }

    /// Returns one of the texts.
    public func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}
