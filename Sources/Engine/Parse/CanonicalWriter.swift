// Writes a JSON value exactly as CPython prints `json.dumps(value, separators=(',', ':'), sort_keys=True)` after
// `json.loads` (C1.2), and proves in the same pass that it is strict JSON in strict UTF-8. Pure. Thread: any.
//
// It agrees with JSONScanner on what is JSON. The scanner can stop anywhere and says what is wrong; this one is several
// times faster, needs the whole value in one piece, and otherwise only says that it could not be done.

/// Keeps its buffers from one value to the next.
package struct CanonicalWriter: ~Copyable {
    /// What `value` and its parts return instead of an index: the text ends too early, or is no JSON.
    static let undone = -1

    /// How a string of the source was spelt.
    enum Spelling { case plain, unicode, escaped }

    /// The text of the last value.
    package internal(set) var out = ByteBuffer()
    /// Of the string that was written last.
    var spelling = Spelling.plain
    /// What was seen of the last value's fields, if it was written as a lot.
    var notes = LotNotes()
    private var sorter: ObjectSorter
    private let maxDepth: Int
    /// Whether a number at the end of the text is complete.
    private var isWhole = true

    /// - Parameters:
    ///   - order: of an object's members; by key is what C1.2 wants.
    ///   - maxDepth: how deep containers may be, the value itself being 1. Recursion goes as deep.
    init(order: ObjectSorter.Order, maxDepth: Int = JSONScanner.deepest) {
        sorter = ObjectSorter(order)
        self.maxDepth = min(maxDepth, JSONScanner.deepest)
    }

    /// In the order of C1.2.
    package init() { self.init(order: .byKey) }

    /// The text of the last value, as a copy.
    package var output: [UInt8] { Array(out.bytes) }

    /// Replaces the output by the canonical form of the value in `text`, which a scanner has passed.
    package mutating func write(_ text: Span<UInt8>) {
        begin(isWhole: true)
        let end = value(text, CanonicalWriter.skipSpace(text, 0), 0)
        assert(end != CanonicalWriter.undone)
    }

    /// Replaces the output by the canonical form of the lot that begins with `text`'s first byte, and takes its notes.
    /// - Parameter isWhole: whether `text` ends with the lot, as is known after a scan; else a number must be followed
    ///   by another byte.
    /// - Returns: the index after the lot; nil if it does not end in `text`, or is no JSON.
    mutating func writeLot(_ text: Span<UInt8>, isWhole: Bool) -> Int? {
        begin(isWhole: isWhole)
        notes.begin()
        let isObject = text[0] == JSONText.openObject
        let end = isObject ? object(text, 0, 1, .lot) : value(text, 0, 0)
        return end == CanonicalWriter.undone ? nil : end
    }

    private mutating func begin(isWhole: Bool) {
        out.truncate(to: 0)
        sorter.reset()
        self.isWhole = isWhole
    }

    /// Gives back what one unusually large value needed.
    mutating func shrink(to bytes: Int) {
        out.shrink(to: bytes)
        notes.shrink(to: bytes)
        sorter.shrink(to: bytes)
    }
}

// MARK: - Values: each takes the index where it begins, and returns the one after it

extension CanonicalWriter {
    /// - Parameter depth: how many containers are open.
    mutating func value(_ text: Span<UInt8>, _ start: Int, _ depth: Int) -> Int {
        guard start < text.count else { return CanonicalWriter.undone }
        switch text[start] {
        case JSONText.quote: return string(text, start)
        case JSONText.openObject: return object(text, start, depth + 1, .other)
        case JSONText.openArray: return array(text, start, depth + 1, .other)
        case UInt8(ascii: "t"): return literal("true", text, start)
        case UInt8(ascii: "f"): return literal("false", text, start)
        case UInt8(ascii: "n"): return literal("null", text, start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return number(text, start)
        default: return CanonicalWriter.undone
        }
    }

    /// Stands at the text's end if there is nothing else.
    @inline(__always)
    static func skipSpace(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < text.count, JSONText.isSpace(text[index]) { index &+= 1 }
        return index
    }

    private mutating func literal(_ name: StaticString, _ text: Span<UInt8>, _ start: Int) -> Int {
        let end = start + name.utf8CodeUnitCount
        guard end <= text.count, text.equals(name, in: start..<end) else { return CanonicalWriter.undone }
        out.append(name)
        return end
    }

    mutating func array(_ text: Span<UInt8>, _ start: Int, _ depth: Int, _ role: LotNotes.Role) -> Int {
        guard depth <= maxDepth else { return CanonicalWriter.undone }
        out.append(JSONText.openArray)
        var index = CanonicalWriter.skipSpace(text, start + 1)
        guard index < text.count else { return CanonicalWriter.undone }
        var isFirst = true
        while !isFirst || text[index] != JSONText.closeArray {
            index = role == .images ? image(text, index, depth) : value(text, index, depth)
            guard index >= 0 else { return CanonicalWriter.undone }
            index = CanonicalWriter.skipSpace(text, index)
            guard index < text.count else { return CanonicalWriter.undone }
            if text[index] == JSONText.closeArray { break }
            guard text[index] == JSONText.comma else { return CanonicalWriter.undone }
            out.append(JSONText.comma)
            index = CanonicalWriter.skipSpace(text, index + 1)
            isFirst = false
        }
        out.append(JSONText.closeArray)
        return index + 1
    }

    mutating func object(_ text: Span<UInt8>, _ start: Int, _ depth: Int, _ role: LotNotes.Role) -> Int {
        guard depth <= maxDepth else { return CanonicalWriter.undone }
        out.append(JSONText.openObject)
        var index = CanonicalWriter.skipSpace(text, start + 1)
        guard index < text.count else { return CanonicalWriter.undone }
        var members = sorter.begin()
        var isFirst = true
        while !isFirst || text[index] != JSONText.closeObject {
            index = member(text, index, depth, role, &members)
            guard index >= 0 else { return CanonicalWriter.undone }
            index = CanonicalWriter.skipSpace(text, index)
            guard index < text.count else { return CanonicalWriter.undone }
            if text[index] == JSONText.closeObject { break }
            guard text[index] == JSONText.comma else { return CanonicalWriter.undone }
            out.append(JSONText.comma)
            index = CanonicalWriter.skipSpace(text, index + 1)
            isFirst = false
        }
        sorter.end(members, &out)
        out.append(JSONText.closeObject)
        return index + 1
    }

    private mutating func member(
        _ text: Span<UInt8>, _ start: Int, _ depth: Int, _ role: LotNotes.Role, _ members: inout ObjectSorter.Members
    ) -> Int {
        guard start < text.count, text[start] == JSONText.quote else { return CanonicalWriter.undone }
        let from = out.count
        var index = string(text, start)
        guard index >= 0 else { return CanonicalWriter.undone }
        let keyEnd = out.count
        index = CanonicalWriter.skipSpace(text, index)
        guard index < text.count, text[index] == JSONText.colon else { return CanonicalWriter.undone }
        out.append(JSONText.colon)
        index = CanonicalWriter.skipSpace(text, index + 1)
        index =
            role == .other
            ? value(text, index, depth) : noted(text, index, depth, role, key: from + 1..<keyEnd - 1)
        guard index >= 0 else { return CanonicalWriter.undone }
        sorter.add(.init(start: from, keyEnd: keyEnd, end: out.count), to: &members, in: out)
        return index
    }
}

// MARK: - Numbers

extension CanonicalWriter {
    /// Integers are kept digit for digit, of any length, but `-0` is `0`; floats are printed anew.
    private mutating func number(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = text[start] == UInt8(ascii: "-") ? start + 1 : start
        guard index < text.count, ASCII.isDigit(text[index]) else { return CanonicalWriter.undone }
        let integer = index
        index = CanonicalWriter.skipDigits(text, index)
        if text[integer] == UInt8(ascii: "0"), index > integer + 1 { return CanonicalWriter.undone }  // 01
        let integerEnd = index
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index = CanonicalWriter.skipDigits(text, index + 1)
            if index == integerEnd + 1 { return CanonicalWriter.undone }
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") { index += 1 }
            let digits = index
            index = CanonicalWriter.skipDigits(text, index)
            if index == digits { return CanonicalWriter.undone }
        }
        guard index < text.count || isWhole else { return CanonicalWriter.undone }
        append(number: text.extracting(start..<index), isFloat: index > integerEnd)
        return index
    }

    private static func skipDigits(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < text.count, ASCII.isDigit(text[index]) { index += 1 }
        return index
    }

    private mutating func append(number token: Span<UInt8>, isFloat: Bool) {
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
}
