// The grammar of RFC 8259 as a byte machine that can stop at any byte. It finds the end of a value across any number
// of slices and proves that it is strict JSON in strict UTF-8, so that writers and readers need no second check.
// Pure: a value without heap memory. Thread: any.

/// Scans one value after another. Rejects a BOM, encoded surrogates, NaN, Infinity,
/// control characters and trailing commas.
struct JSONScanner {
    /// The element that the scanner expects next.
    enum Step: UInt8 {
        case value, firstElement, firstKey, key, colon, after
        case string, escape, hexDigits, utf8Tail
        case literal
        case minus, zero, integer, point, fraction, exponent, exponentSign, exponentDigits
        case done
    }

    /// Deepest nesting: the stack has one bit per level.
    static let deepest = 128

    private(set) var step = Step.value
    private let maxDepth: Int
    private var depth = 0
    /// One bit per open container, the innermost lowest; 1 means object.
    private var kinds: UInt128 = 0
    private var stringIsKey = false
    /// Remaining bytes of `true`, `false` or `null`, the next one lowest.
    private var literalRest: UInt32 = 0
    private var hexLeft: UInt8 = 0
    private var tailLeft: UInt8 = 0
    /// Bounds of the next continuation byte. They exclude overlong forms, surrogates and code points above U+10FFFF.
    private var tailLow: UInt8 = 0x80
    private var tailHigh: UInt8 = 0xBF

    /// Creates a scanner that allows containers up to `maxDepth` deep (at most 128), the value itself being 1.
    init(maxDepth: Int) { self.maxDepth = min(maxDepth, JSONScanner.deepest) }

    /// Prepares for the next value.
    mutating func restart() {
        step = .value
        depth = 0
        kinds = 0
    }

    /// Continues the value from `start`. Returns the index after its last byte, or nil if it continues in the next
    /// slice. A top-level number ends before the first byte that cannot belong to it.
    mutating func scan(_ text: Span<UInt8>, from start: Int = 0) throws(JSONError) -> Int? {
        var index = start
        while index < text.count {
            switch step {
            case .string: index = try inString(text, index)
            case .value, .firstElement, .firstKey, .key, .colon, .after: index = try structure(text, index)
            case .integer, .fraction, .exponentDigits, .zero: index = try number(text, index)
            case .minus, .point, .exponent, .exponentSign: index = try numberPart(text, index)
            case .escape: index = try escape(text, index)
            case .hexDigits: index = try hexDigits(text, index)
            case .utf8Tail: index = try utf8Tail(text, index)
            case .literal: index = try literal(text, index)
            case .done: return index
            }
        }
        return step == .done ? index : nil
    }

    /// Returns true if the value is complete at the end of the text; a top-level number may be.
    mutating func finish() -> Bool {
        switch step {
        case .done: return true
        case .zero, .integer, .fraction, .exponentDigits:
            valueEnded()
            return step == .done
        case .value, .firstElement, .firstKey, .key, .colon, .after, .string, .escape, .hexDigits, .utf8Tail, .literal,
            .minus, .point, .exponent, .exponentSign:
            return false
        }
    }

    private mutating func valueEnded() { step = depth == 0 ? .done : .after }
}

// MARK: - Structure

extension JSONScanner {
    private mutating func structure(_ text: Span<UInt8>, _ index: Int) throws(JSONError) -> Int {
        let byte = text[index]
        if JSONText.isSpace(byte) { return index + 1 }
        switch step {
        case .after: try afterValue(byte, index)
        case .colon:
            guard byte == JSONText.colon else { throw JSONError(.unexpectedByte, at: index) }
            step = .value
        case .firstKey where byte == JSONText.closeObject: close()
        case .key, .firstKey:
            guard byte == JSONText.quote else { throw JSONError(.unexpectedByte, at: index) }
            stringIsKey = true
            step = .string
        case .firstElement where byte == JSONText.closeArray: close()
        case .value, .firstElement: try beginValue(byte, index)
        case .string, .escape, .hexDigits, .utf8Tail, .literal, .minus, .zero, .integer, .point, .fraction, .exponent,
            .exponentSign, .exponentDigits, .done:
            preconditionFailure("not a step between tokens")
        }
        return index + 1
    }

    private mutating func afterValue(_ byte: UInt8, _ index: Int) throws(JSONError) {
        let inObject = kinds & 1 == 1
        switch byte {
        case JSONText.comma: step = inObject ? .key : .value
        case JSONText.closeObject where inObject: close()
        case JSONText.closeArray where !inObject: close()
        default: throw JSONError(.unexpectedByte, at: index)
        }
    }

    private mutating func beginValue(_ byte: UInt8, _ index: Int) throws(JSONError) {
        switch byte {
        case JSONText.quote:
            stringIsKey = false
            step = .string
        case JSONText.openObject: try open(object: true, index)
        case JSONText.openArray: try open(object: false, index)
        case UInt8(ascii: "-"): step = .minus
        case UInt8(ascii: "0"): step = .zero
        case UInt8(ascii: "1")...UInt8(ascii: "9"): step = .integer
        case UInt8(ascii: "t"): expect(0x65_7572)  // rue
        case UInt8(ascii: "f"): expect(0x6573_6C61)  // alse
        case UInt8(ascii: "n"): expect(0x6C_6C75)  // ull
        default: throw JSONError(.unexpectedByte, at: index)
        }
    }

    private mutating func open(object: Bool, _ index: Int) throws(JSONError) {
        guard depth < maxDepth else { throw JSONError(.tooDeep, at: index) }
        depth += 1
        kinds = kinds << 1 | (object ? 1 : 0)
        step = object ? .firstKey : .firstElement
    }

    private mutating func close() {
        depth -= 1
        kinds >>= 1
        valueEnded()
    }

    private mutating func expect(_ rest: UInt32) {
        literalRest = rest
        step = .literal
    }

    private mutating func literal(_ text: Span<UInt8>, _ index: Int) throws(JSONError) -> Int {
        guard text[index] == UInt8(truncatingIfNeeded: literalRest) else { throw JSONError(.unexpectedByte, at: index) }
        literalRest >>= 8
        if literalRest == 0 { valueEnded() }
        return index + 1
    }
}

// MARK: - Numbers

extension JSONScanner {
    /// Scans a part of a number that may be followed by more digits, another part or the number's end.
    private mutating func number(_ text: Span<UInt8>, _ start: Int) throws(JSONError) -> Int {
        var index = start
        if step != .zero {
            while index < text.count, ASCII.isDigit(text[index]) { index += 1 }
            guard index < text.count else { return index }
        }
        let byte = text[index]
        switch byte {
        case UInt8(ascii: ".") where step == .integer || step == .zero: step = .point
        case UInt8(ascii: "e") where step != .exponentDigits, UInt8(ascii: "E") where step != .exponentDigits:
            step = .exponent
        default:
            if ASCII.isDigit(byte) { throw JSONError(.unexpectedByte, at: index) }  // 01
            valueEnded()
            return index
        }
        return index + 1
    }

    /// Scans a part that cannot end the number.
    private mutating func numberPart(_ text: Span<UInt8>, _ index: Int) throws(JSONError) -> Int {
        let byte = text[index]
        if step == .exponent, byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") {
            step = .exponentSign
            return index + 1
        }
        guard ASCII.isDigit(byte) else { throw JSONError(.unexpectedByte, at: index) }
        switch step {
        case .minus: step = byte == UInt8(ascii: "0") ? .zero : .integer
        case .point: step = .fraction
        case .exponent, .exponentSign: step = .exponentDigits
        case .value, .firstElement, .firstKey, .key, .colon, .after, .string, .escape, .hexDigits, .utf8Tail, .literal,
            .zero, .integer, .fraction, .exponentDigits, .done:
            preconditionFailure("not a step inside a number")
        }
        return index + 1
    }
}

// MARK: - Strings

extension JSONScanner {
    private mutating func inString(_ text: Span<UInt8>, _ start: Int) throws(JSONError) -> Int {
        var index = start
        while true {
            index = JSONText.endOfPlain(text, from: index)
            guard index < text.count else { return index }
            let byte = text[index]
            switch byte {
            case JSONText.quote:
                if stringIsKey { step = .colon } else { valueEnded() }
                return index + 1
            case JSONText.backslash:
                step = .escape
                return index + 1
            case 0x7F: index += 1
            case 0..<0x20: throw JSONError(.controlCharacter, at: index)
            case 0xC2...0xDF where index + 1 < text.count && text[index + 1] & 0xC0 == 0x80:
                // Fast path for two-byte characters: Cyrillic and Greek text is a run of them.
                repeat {
                    index += 2
                } while index + 1 < text.count && 0xC2...0xDF ~= text[index]
                    && text[index + 1] & 0xC0 == 0x80
            default:
                try beginUTF8(byte, index)
                return index + 1
            }
        }
    }

    /// Takes the first byte of a sequence, by Unicode's table 3-7 (well-formed UTF-8).
    private mutating func beginUTF8(_ byte: UInt8, _ index: Int) throws(JSONError) {
        tailLow = 0x80
        tailHigh = 0xBF
        switch byte {
        case 0xC2...0xDF: tailLeft = 1
        case 0xE0...0xEF:
            tailLeft = 2
            if byte == 0xE0 { tailLow = 0xA0 }
            if byte == 0xED { tailHigh = 0x9F }
        case 0xF0...0xF4:
            tailLeft = 3
            if byte == 0xF0 { tailLow = 0x90 }
            if byte == 0xF4 { tailHigh = 0x8F }
        default: throw JSONError(.invalidUTF8, at: index)
        }
        step = .utf8Tail
    }

    private mutating func utf8Tail(_ text: Span<UInt8>, _ start: Int) throws(JSONError) -> Int {
        var index = start
        while index < text.count {
            guard tailLow <= text[index], text[index] <= tailHigh else { throw JSONError(.invalidUTF8, at: index) }
            tailLow = 0x80
            tailHigh = 0xBF
            tailLeft -= 1
            index += 1
            if tailLeft == 0 {
                step = .string
                return index
            }
        }
        return index
    }

    private mutating func escape(_ text: Span<UInt8>, _ index: Int) throws(JSONError) -> Int {
        switch text[index] {
        case JSONText.quote, JSONText.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            step = .string
        case UInt8(ascii: "u"):
            hexLeft = 4
            step = .hexDigits
        default: throw JSONError(.invalidEscape, at: index)
        }
        return index + 1
    }

    private mutating func hexDigits(_ text: Span<UInt8>, _ start: Int) throws(JSONError) -> Int {
        var index = start
        while index < text.count {
            guard Hex.value(text[index]) != nil else { throw JSONError(.invalidEscape, at: index) }
            index += 1
            hexLeft -= 1
            if hexLeft == 0 {
                step = .string
                return index
            }
        }
        return index
    }
}
