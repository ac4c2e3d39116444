// A UUID without Foundation: ids of jobs and provider batches, incarnations.

/// 128 bits, written as a lower-case UUID (RFC 9562).
public struct Identifier: Hashable, Sendable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Makes a random UUID (version 4) from the system's generator.
    public static func random() -> Identifier {
        var generator = SystemRandomNumberGenerator()
        let high = (generator.next() & ~0xF000) | 0x4000
        let low = (generator.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
        return Identifier(high: high, low: low)
    }

    /// Parses exactly the 36-character form, in either case; returns nil for any other text.
    public init?(_ text: some StringProtocol) {
        self.init(utf8: Array(text.utf8)[...])
    }

    // Not generic: other modules would run it unspecialised, once per status request.
    public init?(utf8 text: ArraySlice<UInt8>) {
        guard text.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for index in 0..<36 {
            let byte = text[text.startIndex + index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let value = Hex.value(byte) else { return nil }
            if digits < 16 { words.0 = words.0 << 4 | UInt64(value) } else { words.1 = words.1 << 4 | UInt64(value) }
            digits += 1
        }
        high = words.0
        low = words.1
    }

    /// The 16 bytes in network order, the binary form of PostgreSQL's `uuid`.
    public var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * $0)) }
    }

    /// Reads 16 bytes in network order.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        high = words.0
        low = words.1
    }

    public var description: String {
        var out: [UInt8] = []
        out.append(self)
        return String(decoding: out, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Appends the text of ``Identifier/description``.
    public mutating func append(_ id: Identifier) {
        reserveCapacity(count + 36)
        for index in 0..<16 {
            let byte = UInt8(truncatingIfNeeded: (index < 8 ? id.high : id.low) >> UInt64(56 - 8 * (index & 7)))
            if index == 4 || index == 6 || index == 8 || index == 10 { append(UInt8(ascii: "-")) }
            append(Hex.digit(byte >> 4))
            append(Hex.digit(byte & 15))
        }
    }
}
