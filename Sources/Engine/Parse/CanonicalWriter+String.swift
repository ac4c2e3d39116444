// Strings of the canonical text: plain ASCII unchanged, all else as `\u` escapes (C1.2). Most bytes of a body pass
// through here. Pure. Thread: any.

extension CanonicalWriter {
    /// Most bytes of the source for which room is reserved at once.
    private static let stride = 2048

    /// Writes the string whose opening quote is at `start`.
    mutating func string(_ text: Span<UInt8>, _ start: Int) -> Int {
        spelling = .plain
        out.append(JSONText.quote)
        var index = start + 1
        while true {
            index = plainRun(text, index)
            guard index < text.count else { return CanonicalWriter.undone }
            let byte = text[index]
            if byte == JSONText.quote {
                out.append(byte)
                return index + 1
            }
            if byte >= 0x80 {
                if spelling == .plain { spelling = .unicode }
                index = unicodeRun(text, index)
            } else if byte == JSONText.backslash {
                spelling = .escaped
                index = escape(text, index)
            } else if byte == 0x7F {
                if spelling == .plain { spelling = .unicode }
                out.reserve(8)
                put(0x7F)
                index += 1
            } else if !JSONText.isPlain(byte) {
                return CanonicalWriter.undone  // a control character
            }
            guard index >= 0 else { return CanonicalWriter.undone }
        }
    }

    /// Copies plain bytes up to the first other byte, 16 and then 8 at a time. Stops after one stride at the latest.
    @inline(__always)
    private mutating func plainRun(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        let limit = min(text.count, start &+ CanonicalWriter.stride)
        out.fill(limit &- start) { to in
            while index &+ 16 <= limit {
                let words = ByteBlock.words(text, at: index)
                let special = JSONText.notPlain(words)
                if special[0] | special[1] != 0 { break }
                // Unsafe: `fill` reserved as many bytes as are read from the source.
                unsafe to.storeBytes(of: ByteBlock.bytes(words), toByteOffset: index &- start, as: SIMD2<UInt64>.self)
                index &+= 16
            }
            while index &+ 8 <= limit {
                let word = ByteBlock.word(text, at: index)
                // Unsafe: `fill` reserved as many bytes as are read from the source.
                unsafe to.storeBytes(of: word.littleEndian, toByteOffset: index &- start, as: UInt64.self)
                let special = JSONText.notPlain(word)
                index &+= ByteBlock.prefix(before: special)
                if special != 0 { return index &- start }
            }
            while index < limit, JSONText.isPlain(text[index]) {
                unsafe to.storeBytes(of: text[index], toByteOffset: index &- start, as: UInt8.self)
                index &+= 1
            }
            return index &- start
        }
        return index
    }

    /// Writes characters beyond ASCII, and single plain characters between them such as the space between two words.
    /// Stops after one stride at the latest.
    private mutating func unicodeRun(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        let limit = min(text.count &- 1, start &+ CanonicalWriter.stride)
        // Two or three source bytes become six; the last store writes eight.
        out.fill(3 * (limit &- start) &+ 8) { to in
            var to = to
            let begin = to
            while index < limit {
                let byte = text[index]
                let next = text[index &+ 1]
                if 0xC2...0xDF ~= byte, CanonicalWriter.isTail(next) {
                    let unit = UInt16(byte & 0x1F) << 6 | UInt16(next & 0x3F)
                    unsafe to.storeBytes(of: CanonicalWriter.escape(unit), as: UInt64.self)
                    unsafe to += 6
                    index &+= 2
                } else if 0xE1...0xEC ~= byte, index &+ 2 < text.count, CanonicalWriter.isTail(next),
                    CanonicalWriter.isTail(text[index &+ 2])
                {
                    let low = UInt16(next & 0x3F) << 6 | UInt16(text[index &+ 2] & 0x3F)
                    unsafe to.storeBytes(
                        of: CanonicalWriter.escape(UInt16(byte & 0x0F) << 12 | low), as: UInt64.self)
                    unsafe to += 6
                    index &+= 3
                } else if next >= 0x80, JSONText.isPlain(byte) {
                    unsafe to.storeBytes(of: byte, as: UInt8.self)
                    unsafe to += 1
                    index &+= 1
                } else {
                    break
                }
            }
            return unsafe to - begin
        }
        guard index < text.count else { return CanonicalWriter.undone }
        guard text[index] < 0xE0 else { return longCharacter(text, index) }
        // A run that ends at its first byte met a truncated or malformed character.
        return index == start ? CanonicalWriter.undone : index
    }

    @inline(__always)
    private static func isTail(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    /// Writes the remaining three- and four-byte characters, by Unicode's table 3-7 (well-formed UTF-8).
    private mutating func longCharacter(_ text: Span<UInt8>, _ index: Int) -> Int {
        out.reserve(16)
        let first = text[index]
        let length = first < 0xF0 ? 3 : 4
        guard 0xE0...0xF4 ~= first, index + length <= text.count else { return CanonicalWriter.undone }
        let second = text[index + 1]
        // Excludes overlong forms, surrogates and code points above U+10FFFF.
        let low: UInt8 = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80
        let high: UInt8 = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF
        guard low...high ~= second, CanonicalWriter.isTail(text[index + 2]) else { return CanonicalWriter.undone }
        let scalar = UInt32(second & 0x3F) << 6 | UInt32(text[index + 2] & 0x3F)
        if length == 3 {
            put(UInt16(truncatingIfNeeded: UInt32(first & 0x0F) << 12 | scalar))
            return index + 3
        }
        guard CanonicalWriter.isTail(text[index + 3]) else { return CanonicalWriter.undone }
        let above = (UInt32(first & 0x07) << 18 | scalar << 6 | UInt32(text[index + 3] & 0x3F)) - 0x10000
        put(UInt16(0xD800 + above >> 10))
        put(UInt16(0xDC00 + above & 0x3FF))
        return index + 4
    }

    /// Returns `\u` and four digits in the first six bytes.
    @inline(__always)
    private static func escape(_ unit: UInt16) -> UInt64 {
        let wide = UInt32(unit)
        // One hexadecimal digit per byte, the first one lowest.
        let digits = wide >> 12 | wide & 0xF00 | (wide & 0xF0) << 12 | (wide & 0xF) << 24
        let letters = (digits &+ 0x0606_0606) >> 4 & 0x0101_0101
        let hex = digits &+ 0x3030_3030 &+ letters &* 39
        return (UInt64(hex) << 16 | 0x755C).littleEndian
    }

    /// Puts an escape. The caller has reserved 8 bytes more than were put.
    @inline(__always)
    private mutating func put(_ unit: UInt16) { out.put(CanonicalWriter.escape(unit), 6) }

    /// Writes an escape of the source. Surrogates are not joined: CPython prints a pair as the same two escapes.
    private mutating func escape(_ text: Span<UInt8>, _ index: Int) -> Int {
        guard index + 1 < text.count else { return CanonicalWriter.undone }
        out.reserve(16)
        let letter = text[index + 1]
        switch letter {
        case UInt8(ascii: "u"):
            guard index + 6 <= text.count else { return CanonicalWriter.undone }
            for digit in index + 2..<index + 6 where Hex.value(text[digit]) == nil { return CanonicalWriter.undone }
            codeUnit(JSONText.codeUnit(text, at: index + 2))
            return index + 6
        case UInt8(ascii: "/"): out.put(letter)
        case JSONText.quote, JSONText.backslash, UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            out.put(JSONText.backslash)
            out.put(letter)
        default: return CanonicalWriter.undone
        }
        return index + 2
    }

    private mutating func codeUnit(_ unit: UInt16) {
        guard unit < 0x7F else { return put(unit) }
        let byte = UInt8(unit)
        switch byte {
        case JSONText.quote: out.append(#"\""#)
        case JSONText.backslash: out.append(#"\\"#)
        case 0x08: out.append(#"\b"#)
        case 0x09: out.append(#"\t"#)
        case 0x0A: out.append(#"\n"#)
        case 0x0C: out.append(#"\f"#)
        case 0x0D: out.append(#"\r"#)
        case 0..<0x20: put(unit)
        default: out.put(byte)
        }
    }
}
