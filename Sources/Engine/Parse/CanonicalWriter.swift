// Writes a JSON value exactly as CPython prints `json.dumps(value, separators=(',', ':'), sort_keys=True)` after
// `json.loads` (C1.2). The same pass proves that the value is strict JSON in strict UTF-8. Pure. Thread: any.
//
// JSONScanner accepts the same language; fuzzers compare the two. The scanner can stop anywhere and reports the
// error. The writer is several times faster, but needs the whole value in one
// piece and reports failure without a reason.

/// Keeps its buffers from one value to the next.
package struct CanonicalWriter: ~Copyable {
    /// Returned by `value` and its parts instead of an index if the text ends too early or is not JSON.
    static let undone = -1

    /// Spelling of a string in the source.
    enum Spelling { case plain, unicode, escaped }

    /// The canonical text of the last value.
    package internal(set) var out = ByteBuffer()
    /// Spelling of the string written last.
    var spelling = Spelling.plain
    /// Positions of the last value's known fields, if it was written as a lot.
    var notes = LotNotes()
    private var sorter: ObjectSorter
    private let maxDepth: Int
    /// True if a number at the end of the text is complete.
    private var isWhole = true

    /// - Parameters:
    ///   - order: order of an object's members; C1.2 requires `.byKey`.
    ///   - maxDepth: deepest nesting of containers, the value itself being 1; also the bound of the recursion.
    init(order: ObjectSorter.Order, maxDepth: Int = JSONScanner.deepest) {
        sorter = ObjectSorter(order)
        self.maxDepth = min(maxDepth, JSONScanner.deepest)
    }

    /// Creates a writer with the order of C1.2.
    package init() { self.init(order: .byKey) }

    /// A copy of the last value's canonical text.
    package var output: [UInt8] { Array(out.bytes) }

    /// Replaces the output by the canonical form of the value in `text`. A scanner must have accepted `text`.
    package mutating func write(_ text: Span<UInt8>) {
        begin(isWhole: true)
        let end = value(text, CanonicalWriter.skipSpace(text, 0), 0)
        assert(end != CanonicalWriter.undone)
    }

    /// Replaces the output by the canonical form of the lot at the start of `text`,
    /// and notes the positions of its fields.
    /// - Parameter isWhole: true if `text` ends with the lot, as is known after a scan. If false, a number must be
    ///   followed by another byte.
    /// - Returns: the index after the lot, or nil if it does not end within `text` or is not JSON.
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

    /// Frees the memory that one unusually large value needed.
    mutating func shrink(to bytes: Int) {
        out.shrink(to: bytes)
        notes.shrink(to: bytes)
        sorter.shrink(to: bytes)
    }
}

// MARK: - Values: each takes the index where it begins, and returns the one after it

extension CanonicalWriter {
    /// - Parameter depth: number of open containers.
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

    /// Returns the index of the next byte that is not white space, or the end of the text.
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
    /// Writes a number: an integer of any length digit by digit, except that `-0`
    /// becomes `0`; a float in CPython's form.
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
