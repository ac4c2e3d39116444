// Decodes JSON strings. Pure. Thread: any.

/// Reads the inside of a string token that a scanner has accepted or CanonicalWriter has written.
enum JSONString {
    /// Content of a decoded text that PostgreSQL's `text`, or UTF-8, cannot hold (C2.2).
    struct Flaws: OptionSet {
        let rawValue: UInt8
        static let nul = Flaws(rawValue: 1)
        static let loneSurrogate = Flaws(rawValue: 2)
    }

    /// Appends the string's text as UTF-8, which is never longer. A lone surrogate becomes U+FFFD and is reported.
    static func decode(_ inside: Span<UInt8>, into out: inout [UInt8]) -> Flaws {
        var flaws: Flaws = []
        out.append(addingCapacity: inside.count) { out in flaws = decode(inside, &out) }
        return flaws
    }

    private static func decode(_ inside: Span<UInt8>, _ out: inout OutputSpan<UInt8>) -> Flaws {
        var flaws: Flaws = []
        var index = 0
        while index < inside.count {
            if inside[index] == JSONText.backslash {
                flaws.formUnion(escape(inside, &index, &out))
                continue
            }
            let end = JSONText.endOfUnescaped(inside, from: index)
            out.append(inside.extracting(index..<end))
            index = end
        }
        return flaws
    }

    private static func escape(_ inside: Span<UInt8>, _ index: inout Int, _ out: inout OutputSpan<UInt8>) -> Flaws {
        let letter = inside[index + 1]
        guard letter == UInt8(ascii: "u") else {
            out.append(plainEscape(letter))
            index += 2
            return []
        }
        let scalar = self.scalar(inside, &index)
        let isLone = scalar & 0xFFFF_F800 == 0xD800
        encode(isLone ? 0xFFFD : scalar, &out)
        return isLone ? .loneSurrogate : scalar == 0 ? .nul : []
    }

    private static func encode(_ scalar: UInt32, _ out: inout OutputSpan<UInt8>) {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | scalar >> shift & 0x3F) }
        switch scalar {
        case ..<0x80: out.append(UInt8(scalar))
        case ..<0x800:
            out.append(UInt8(0xC0 | scalar >> 6))
            out.append(tail(0))
        case ..<0x10000:
            out.append(UInt8(0xE0 | scalar >> 12))
            out.append(tail(6))
            out.append(tail(0))
        default:
            out.append(UInt8(0xF0 | scalar >> 18))
            out.append(tail(12))
            out.append(tail(6))
            out.append(tail(0))
        }
    }

    /// Returns the code point of the `\u` escape at `index` and advances `index` past it. Joins a high and a low
    /// surrogate, as CPython does; a lone surrogate is returned unchanged.
    static func scalar(_ inside: Span<UInt8>, _ index: inout Int) -> UInt32 {
        let high = UInt32(JSONText.codeUnit(inside, at: index + 2))
        index += 6
        guard high & 0xFC00 == 0xD800, index + 6 <= inside.count, inside[index] == JSONText.backslash,
            inside[index + 1] == UInt8(ascii: "u")
        else { return high }
        let low = UInt32(JSONText.codeUnit(inside, at: index + 2))
        guard low & 0xFC00 == 0xDC00 else { return high }
        index += 6
        return 0x10000 + (high & 0x3FF) << 10 + (low & 0x3FF)
    }

    /// Returns the character of a one-letter escape.
    static func plainEscape(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter  // quote, backslash, slash
        }
    }
}
