// Writes a JSON value exactly as CPython prints `json.dumps(value, separators=(',', ':'), sort_keys=True)` after
// `json.loads` (C1.2). The source must have passed a JSONScanner; recursion is bounded by that scanner's depth. Pure.
// Thread: any.

/// Keeps its buffers from one value to the next.
struct CanonicalWriter {
    /// Most bytes of output for one of input: DEL is printed as `\u007f`; floats and UTF-8 grow less.
    static let growth = 6

    /// The text of the last value.
    private(set) var output: [UInt8] = []
    private var sorter: ObjectSorter
    private var index = 0

    /// - Parameter order: of an object's members; by key is what C1.2 wants.
    init(order: ObjectSorter.Order = .byKey) { sorter = ObjectSorter(order) }

    /// Replaces `output` by the canonical form of the value in `text`.
    mutating func write(_ text: Span<UInt8>) {
        output.removeAll(keepingCapacity: true)
        index = 0
        var buffer: [UInt8] = []
        swap(&buffer, &output)
        buffer.append(addingCapacity: text.count * CanonicalWriter.growth) { out in value(text, &out) }
        swap(&buffer, &output)
    }

    /// Gives back what one unusually large value needed.
    mutating func shrink(to bytes: Int) {
        if output.capacity > bytes { output = [] }
        sorter.shrink(to: bytes)
    }

    private mutating func value(_ text: Span<UInt8>, _ out: inout OutputSpan<UInt8>) {
        skipSpace(text)
        switch text[index] {
        case JSONText.quote: string(text, &out)
        case JSONText.openObject: object(text, &out)
        case JSONText.openArray: array(text, &out)
        case UInt8(ascii: "t"): literal("true", &out)
        case UInt8(ascii: "f"): literal("false", &out)
        case UInt8(ascii: "n"): literal("null", &out)
        default: number(text, &out)
        }
    }

    private mutating func skipSpace(_ text: Span<UInt8>) {
        while JSONText.isSpace(text[index]) { index += 1 }
    }

    private mutating func literal(_ name: StaticString, _ out: inout OutputSpan<UInt8>) {
        out.append(name)
        index += name.utf8CodeUnitCount
    }

    private mutating func array(_ text: Span<UInt8>, _ out: inout OutputSpan<UInt8>) {
        out.append(JSONText.openArray)
        index += 1
        skipSpace(text)
        while text[index] != JSONText.closeArray {
            value(text, &out)
            skipSpace(text)
            guard text[index] == JSONText.comma else { break }
            out.append(JSONText.comma)
            index += 1
        }
        out.append(JSONText.closeArray)
        index += 1
    }

    private mutating func object(_ text: Span<UInt8>, _ out: inout OutputSpan<UInt8>) {
        out.append(JSONText.openObject)
        index += 1
        skipSpace(text)
        sorter.begin()
        while text[index] != JSONText.closeObject {
            member(text, &out)
            skipSpace(text)
            guard text[index] == JSONText.comma else { break }
            out.append(JSONText.comma)
            index += 1
            skipSpace(text)
        }
        sorter.end(&out)
        out.append(JSONText.closeObject)
        index += 1
    }

    private mutating func member(_ text: Span<UInt8>, _ out: inout OutputSpan<UInt8>) {
        let start = out.count
        string(text, &out)
        let keyEnd = out.count
        skipSpace(text)
        index += 1  // the colon
        out.append(JSONText.colon)
        value(text, &out)
        sorter.add(.init(start: start, keyEnd: keyEnd, end: out.count), in: out.span)
    }
}

// MARK: - Numbers and strings

extension CanonicalWriter {
    /// Integers are kept digit for digit, of any length, but `-0` is `0`; floats are printed anew.
    private mutating func number(_ text: Span<UInt8>, _ out: inout OutputSpan<UInt8>) {
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
            var repr: [UInt8] = []
            FloatRepr.append(FloatRepr.value(of: digits), to: &repr)
            out.append(repr.span)
        } else if token.count == 2, token[0] == UInt8(ascii: "-"), token[1] == UInt8(ascii: "0") {
            out.append(token[1])
        } else {
            out.append(token)
        }
    }

    private mutating func string(_ text: Span<UInt8>, _ out: inout OutputSpan<UInt8>) {
        var from = index  // the opening quote goes out with the first run
        index += 1
        while true {
            let end = JSONText.endOfPlain(text, from: index)
            if text[end] == JSONText.quote {
                out.append(text.extracting(from..<end + 1))
                index = end + 1
                return
            }
            if from < end { out.append(text.extracting(from..<end)) }
            index = end
            if text[end] == JSONText.backslash { escape(text, &out) } else { character(text, &out) }
            from = index
        }
    }

    /// An escape of the source. Surrogates need no joining here: a pair is printed as the same two escapes again.
    private mutating func escape(_ text: Span<UInt8>, _ out: inout OutputSpan<UInt8>) {
        let letter = text[index + 1]
        switch letter {
        case UInt8(ascii: "u"):
            codeUnit(JSONText.codeUnit(text, at: index + 2), &out)
            index += 6
        case UInt8(ascii: "/"):
            out.append(letter)
            index += 2
        default:
            out.append(JSONText.backslash)
            out.append(letter)
            index += 2
        }
    }

    /// A character of the source beyond plain ASCII: DEL or a UTF-8 sequence.
    private mutating func character(_ text: Span<UInt8>, _ out: inout OutputSpan<UInt8>) {
        let first = UInt32(text[index])
        func tail(_ offset: Int) -> UInt32 { UInt32(text[index + offset] & 0x3F) }
        switch first {
        case ..<0x80:
            hexEscape(UInt16(first), &out)
            index += 1
        case ..<0xE0:
            hexEscape(UInt16((first & 0x1F) << 6 | tail(1)), &out)
            index += 2
        case ..<0xF0:
            hexEscape(UInt16((first & 0x0F) << 12 | tail(1) << 6 | tail(2)), &out)
            index += 3
        default:
            let above = ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3)) - 0x10000
            hexEscape(UInt16(0xD800 + above >> 10), &out)
            hexEscape(UInt16(0xDC00 + above & 0x3FF), &out)
            index += 4
        }
    }

    private mutating func codeUnit(_ unit: UInt16, _ out: inout OutputSpan<UInt8>) {
        guard unit < 0x7F else { return hexEscape(unit, &out) }
        let byte = UInt8(unit)
        switch byte {
        case JSONText.quote: out.append(#"\""#)
        case JSONText.backslash: out.append(#"\\"#)
        case 0x08: out.append(#"\b"#)
        case 0x09: out.append(#"\t"#)
        case 0x0A: out.append(#"\n"#)
        case 0x0C: out.append(#"\f"#)
        case 0x0D: out.append(#"\r"#)
        case 0..<0x20: hexEscape(unit, &out)
        default: out.append(byte)
        }
    }

    private mutating func hexEscape(_ unit: UInt16, _ out: inout OutputSpan<UInt8>) {
        out.append(#"\u"#)
        out.append(Hex.digit(UInt8(unit >> 12)))
        out.append(Hex.digit(UInt8(unit >> 8 & 15)))
        out.append(Hex.digit(UInt8(unit >> 4 & 15)))
        out.append(Hex.digit(UInt8(unit & 15)))
    }
}
