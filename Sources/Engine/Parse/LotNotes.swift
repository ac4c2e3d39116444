// Positions of the known fields in a lot's source (C2.2), noted while the canonical form is written, so that the text
// is walked only once. Pure. Thread: any.

/// Indices count from the lot's first byte. The last one of a repeated field counts (C1.2).
struct LotNotes: ~Copyable {
    /// Role of the object or array that is being written.
    enum Role { case other, lot, images, image }

    /// A value in the source. Small, because the largest lot can hold half a million of them.
    struct Field {
        private let from: UInt32
        private let to: UInt32
        let isString: Bool
        /// Spelling of the value, if it is a string.
        let spelling: CanonicalWriter.Spelling

        var start: Int { Int(from) }
        var end: Int { Int(to) }

        init(start: Int, end: Int, isString: Bool, spelling: CanonicalWriter.Spelling) {
            from = UInt32(start)
            to = UInt32(end)
            self.isString = isString
            self.spelling = spelling
        }
    }

    /// An element of `images`.
    enum Image {
        case url(Field)
        case withoutURL
        case noObject
    }

    var lotID: Field?
    var additionalInfo: Field?
    var webhook: Field?
    var images: Field?
    /// Elements of the last `images` member, if it is an array.
    var elements: [Image] = []
    /// URLs of the elements as canonical strings, in an array without its closing bracket.
    var urls = ByteBuffer()
    /// The `url` member of the image that is being written.
    var url: Field?

    mutating func begin() {
        lotID = nil
        additionalInfo = nil
        webhook = nil
        images = nil
        beginImages()
    }

    mutating func shrink(to bytes: Int) {
        urls.shrink(to: bytes)
        if elements.capacity * MemoryLayout<Image>.stride > bytes { elements = [] }
    }

    mutating func beginImages() {
        elements.removeAll(keepingCapacity: true)
        urls.truncate(to: 0)
    }

    mutating func add(_ url: Field, _ token: Span<UInt8>) {
        elements.append(.url(url))
        urls.append(urls.count == 0 ? JSONText.openArray : JSONText.comma)
        urls.append(token)
    }
}
