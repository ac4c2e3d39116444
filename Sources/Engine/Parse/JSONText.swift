// Byte-level helpers shared by all readers and writers of JSON text. Pure. Thread: any.

/// The reason and the position of an error in a JSON text.
public struct JSONError: Error, Equatable, Sendable {
    public enum Reason: String, Sendable {
        case unexpectedByte = "unexpected character"
        case controlCharacter = "control character in a string"
        case invalidUTF8 = "invalid UTF-8"
        case invalidEscape = "invalid escape sequence"
        case tooDeep = "nesting too deep"
        case unexpectedEnd = "unexpected end"
    }

    public let reason: Reason
    /// Number of bytes before the wrong one.
    public var offset: Int

    init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

enum JSONText {
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let openObject = UInt8(ascii: "{")
    static let closeObject = UInt8(ascii: "}")
    static let openArray = UInt8(ascii: "[")
    static let closeArray = UInt8(ascii: "]")

    /// The four white-space characters of RFC 8259, which are also CPython's.
    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// True for printable ASCII that is the same in a JSON string and in
    /// CPython's output: no quote, backslash or DEL.
    @inline(__always)
    static func isPlain(_ byte: UInt8) -> Bool { byte &- 0x20 < 0x5F && byte != quote && byte != backslash }

    /// Returns the index of the first byte at or after `start` that is not plain; `text.count` if there is none.
    @inline(__always)
    static func endOfPlain(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index &+ 8 <= text.count {
            let special = notPlain(ByteBlock.word(text, at: index))
            if special != 0 { return index &+ special.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < text.count, isPlain(text[index]) { index &+= 1 }
        return index
    }

    /// Sets the high bit of each byte that is not plain. Exact up to the first such
    /// byte, because borrows spread upwards only.
    @inline(__always)
    static func notPlain(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let low = word &- ones &* 0x20  // below 0x20
        let high = word | (word &+ ones)  // 0x7F and above
        return (low | high | (quotes &- ones) | (backslashes &- ones)) & (ones &* 0x80)
    }

    /// Same for two words at once. Swift 6.3 vectorises SIMD arithmetic but not SIMD comparison.
    @inline(__always)
    static func notPlain(_ words: SIMD2<UInt64>) -> SIMD2<UInt64> {
        let ones = SIMD2<UInt64>(repeating: ByteBlock.ones)
        let quotes = words ^ SIMD2(repeating: 0x2222_2222_2222_2222)
        let backslashes = words ^ SIMD2(repeating: 0x5C5C_5C5C_5C5C_5C5C)
        let low = words &- SIMD2(repeating: 0x2020_2020_2020_2020)
        let high = words | (words &+ ones)
        return (low | high | (quotes &- ones) | (backslashes &- ones)) & SIMD2(repeating: ByteBlock.highBits)
    }

    /// Returns the index of the first backslash at or after `start`; `text.count` if there is none.
    static func endOfUnescaped(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index &+ 8 <= text.count {
            let found = ByteBlock.matches(ByteBlock.word(text, at: index), backslash)
            index &+= ByteBlock.prefix(before: found)
            if found != 0 { return index }
        }
        while index < text.count, text[index] != backslash { index &+= 1 }
        return index
    }

    /// Reads the four hexadecimal digits at `index`. The caller has checked that they are digits.
    @inline(__always)
    static func codeUnit(_ text: Span<UInt8>, at index: Int) -> UInt16 {
        var unit: UInt16 = 0
        for offset in 0..<4 { unit = unit << 4 | UInt16(Hex.value(text[index &+ offset]) ?? 0) }
        return unit
    }
}

extension Array where Element == UInt8 {
    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) { append(bytes.extracting(range)) }

    @inline(__always)
    mutating func append(_ literal: StaticString) {
        // Unsafe: a StaticString's bytes are constant and never freed.
        unsafe append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }
}

extension Span where Element == UInt8 {
    @inline(__always)
    func equals(_ name: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count {
            // Unsafe: a StaticString's bytes are constant; the counts were compared above.
            if unsafe self[range.lowerBound + offset] != name.utf8Start[offset] { return false }
        }
        return true
    }
}

extension OutputSpan where Element == UInt8 {
    /// Appends `bytes`. Traps if there is no room: the code that creates the span must make it large enough.
    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        let added = bytes.count
        precondition(added <= freeCapacity)
        // Unsafe: writes only to the free bytes after the initialised ones; the room was checked above.
        unsafe withUnsafeMutableBufferPointer { buffer, initialized in
            _ = unsafe bytes.withUnsafeBufferPointer { source in
                unsafe UnsafeMutableBufferPointer(rebasing: buffer[initialized...]).update(fromContentsOf: source)
            }
            initialized += added
        }
    }
}
