// Writes a JSON value exactly as CPython prints `json.dumps(value, separators=(',', ':'), sort_keys=True)` after `json.loads`
// (C1.2). The source must have passed a JSONScanner; recursion is bounded by that scanner's depth. Pure. Thread: any.

/// Keeps its buffers from one value to the next. Output is at most six times the input (`\u007f` for DEL).
struct CanonicalWriter {
    /// The text of the last value.
    private(set) var output: [UInt8] = []
    private var sorter = ObjectSorter()
    private var index = 0

    /// Replaces `output` by the canonical form of the value in `text`.
    mutating func write(_ text: Span<UInt8>) {
        output.removeAll(keepingCapacity: true)
        index = 0
        value(text)
    }

    /// Gives back what one unusually large value needed.
    mutating func shrink(to bytes: Int) {
        if output.capacity > bytes { output = [] }
        sorter.shrink(to: bytes)
    }

    private mutating func value(_ text: Span<UInt8>) {
        skipSpace(text)
        switch text[index] {
        case JSONText.quote: string(text)
        case JSONText.openObject: object(text)
        case JSONText.openArray: array(text)
        case UInt8(ascii: "t"): literal("true")
        case UInt8(ascii: "f"): literal("false")
        case UInt8(ascii: "n"): literal("null")
        default: number(text)
        }
    }

    private mutating func skipSpace(_ text: Span<UInt8>) {
        while JSONText.isSpace(text[index]) { index += 1 }
    }

    private mutating func literal(_ name: StaticString) {
        output.append(name)
        index += name.utf8CodeUnitCount
    }

    private mutating func array(_ text: Span<UInt8>) {
        output.append(JSONText.openArray)
        index += 1
        skipSpace(text)
        while text[index] != JSONText.closeArray {
            value(text)
            skipSpace(text)
            guard text[index] == JSONText.comma else { break }
            output.append(JSONText.comma)
            index += 1
        }
        output.append(JSONText.closeArray)
        index += 1
    }

    private mutating func object(_ text: Span<UInt8>) {
        output.append(JSONText.openObject)
        index += 1
        skipSpace(text)
        sorter.begin()
        while text[index] != JSONText.closeObject {
            member(text)
            skipSpace(text)
            guard text[index] == JSONText.comma else { break }
            output.append(JSONText.comma)
            index += 1
            skipSpace(text)
        }
        sorter.end(&output)
        output.append(JSONText.closeObject)
        index += 1
    }

    private mutating func member(_ text: Span<UInt8>) {
        let start = output.count
        string(text)
        let keyEnd = output.count
        skipSpace(text)
        index += 1  // the colon
        output.append(JSONText.colon)
        value(text)
        sorter.add(.init(start: start, keyEnd: keyEnd, end: output.count), in: output)
    }
}

// MARK: - Numbers and strings

extension CanonicalWriter {
    /// Integers are kept digit for digit, of any length, but `-0` is `0`; floats are printed anew.
    private mutating func number(_ text: Span<UInt8>) {
        let start = index
        var isFloat = false
        scan: while index < text.count {
            switch text[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isFloat = true
            default: break scan
            }
            index += 1
        }
        let token = text.extracting(start..<index)
        if isFloat {
            let digits = token.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            FloatRepr.append(FloatRepr.value(of: digits), to: &output)
        } else if token.count == 2, token[0] == UInt8(ascii: "-"), token[1] == UInt8(ascii: "0") {
            output.append(token[1])
        } else {
            output.append(token)
        }
    }

    private mutating func string(_ text: Span<UInt8>) {
        var from = index  // the opening quote goes out with the first run
        index += 1
        while true {
            let end = JSONText.endOfPlain(text, from: index)
            if text[end] == JSONText.quote {
                output.append(text, from..<end + 1)
                index = end + 1
                return
            }
            output.append(text, from..<end)
            index = end
            if text[end] == JSONText.backslash { escape(text) } else { character(text) }
            from = index
        }
    }

    /// An escape of the source. Surrogates need no joining here: a pair is printed as the same two escapes again.
    private mutating func escape(_ text: Span<UInt8>) {
        let letter = text[index + 1]
        switch letter {
        case UInt8(ascii: "u"):
            codeUnit(JSONText.codeUnit(text, at: index + 2))
            index += 6
        case UInt8(ascii: "/"):
            output.append(letter)
            index += 2
        default:
            output.append(JSONText.backslash)
            output.append(letter)
            index += 2
        }
    }

    /// A character of the source beyond plain ASCII: DEL or a UTF-8 sequence.
    private mutating func character(_ text: Span<UInt8>) {
        let first = UInt32(text[index])
        func tail(_ offset: Int) -> UInt32 { UInt32(text[index + offset] & 0x3F) }
        switch first {
        case ..<0x80:
            hexEscape(UInt16(first))
            index += 1
        case ..<0xE0:
            hexEscape(UInt16((first & 0x1F) << 6 | tail(1)))
            index += 2
        case ..<0xF0:
            hexEscape(UInt16((first & 0x0F) << 12 | tail(1) << 6 | tail(2)))
            index += 3
        default:
            let above = ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3)) - 0x10000
            hexEscape(UInt16(0xD800 + above >> 10))
            hexEscape(UInt16(0xDC00 + above & 0x3FF))
            index += 4
        }
    }

    private mutating func codeUnit(_ unit: UInt16) {
        guard unit < 0x7F else { return hexEscape(unit) }
        let byte = UInt8(unit)
        switch byte {
        case JSONText.quote: output.append(#"\""#)
        case JSONText.backslash: output.append(#"\\"#)
        case 0x08: output.append(#"\b"#)
        case 0x09: output.append(#"\t"#)
        case 0x0A: output.append(#"\n"#)
        case 0x0C: output.append(#"\f"#)
        case 0x0D: output.append(#"\r"#)
        case 0..<0x20: hexEscape(unit)
        default: output.append(byte)
        }
    }

    private mutating func hexEscape(_ unit: UInt16) {
        output.append(#"\u"#)
        output.append(Hex.digit(UInt8(unit >> 12)))
        output.append(Hex.digit(UInt8(unit >> 8 & 15)))
        output.append(Hex.digit(UInt8(unit >> 4 & 15)))
        output.append(Hex.digit(UInt8(unit & 15)))
    }
}
