// Parses a small JSON document into a JSONValue: OpenAI's answers, a request's small members. Pure. Thread: any.

extension JSONValue {
    /// The bytes that some servers put before their JSON.
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Parses strict RFC 8259: one value, UTF-8, no BOM. Integers that fit become `.int`, other numbers `.double`; a
    /// lone surrogate becomes U+FFFD. `maxDepth` is at most 128, the document itself being 1.
    public static func parse(_ bytes: Span<UInt8>, maxDepth: Int = 128) throws(JSONError) -> JSONValue {
        var flaws: JSONString.Flaws = []
        return try parse(bytes, maxDepth: maxDepth, flaws: &flaws)
    }

    public static func parse(_ bytes: [UInt8], maxDepth: Int = 128) throws(JSONError) -> JSONValue {
        try parse(bytes.span, maxDepth: maxDepth)
    }

    /// Returns the elements of an array of strings, as the service's own tables hold it.
    /// - Throws: `JSONError` for any other text, because a corrupt row is not an empty list.
    public static func strings(_ json: String) throws(JSONError) -> [String] {
        guard let elements = try parse(Array(json.utf8)).array else { throw JSONError(.unexpectedByte, at: 0) }
        let strings = elements.compactMap(\.string)
        guard strings.count == elements.count else { throw JSONError(.unexpectedByte, at: 0) }
        return strings
    }

    static func parse(
        _ bytes: Span<UInt8>, maxDepth: Int, flaws: inout JSONString.Flaws
    ) throws(JSONError) -> JSONValue {
        var scanner = JSONScanner(maxDepth: maxDepth)
        guard var end = try scanner.scan(bytes) ?? (scanner.finish() ? bytes.count : nil) else {
            throw JSONError(.unexpectedEnd, at: bytes.count)
        }
        while end < bytes.count, JSONText.isSpace(bytes[end]) { end += 1 }
        guard end == bytes.count else { throw JSONError(.unexpectedByte, at: end) }
        var builder = JSONBuilder()
        let value = builder.value(bytes)
        flaws.formUnion(builder.flaws)
        return value
    }
}

/// Builds values from a text that a scanner has accepted, so it checks nothing.
/// The scanner's depth bounds the recursion.
private struct JSONBuilder {
    var flaws: JSONString.Flaws = []
    private var index = 0

    mutating func value(_ text: Span<UInt8>) -> JSONValue {
        skipSpace(text)
        switch text[index] {
        case JSONText.quote: return .string(string(text))
        case JSONText.openObject: return object(text)
        case JSONText.openArray: return array(text)
        case UInt8(ascii: "t"): return literal(.bool(true), 4)
        case UInt8(ascii: "f"): return literal(.bool(false), 5)
        case UInt8(ascii: "n"): return literal(.null, 4)
        default: return number(text)
        }
    }

    private mutating func skipSpace(_ text: Span<UInt8>) {
        while index < text.count, JSONText.isSpace(text[index]) { index += 1 }
    }

    private mutating func literal(_ value: JSONValue, _ length: Int) -> JSONValue {
        index += length
        return value
    }

    private mutating func string(_ text: Span<UInt8>) -> String {
        let end = JSONWalk.endOfString(text, from: index)
        var out: [UInt8] = []
        flaws.formUnion(JSONString.decode(text.extracting(index + 1..<end - 1), into: &out))
        index = end
        return String(decoding: out, as: UTF8.self)
    }

    private mutating func number(_ text: Span<UInt8>) -> JSONValue {
        let start = index
        index = JSONWalk.endOfNumber(text, from: start)
        var digits: [UInt8] = []
        digits.append(text, start..<index)
        let whole = String(decoding: digits, as: UTF8.self)
        return Int(whole).map { .int($0) } ?? .double(FloatRepr.value(of: whole))
    }

    private mutating func array(_ text: Span<UInt8>) -> JSONValue {
        var elements: [JSONValue] = []
        index += 1
        skipSpace(text)
        while text[index] != JSONText.closeArray {
            elements.append(value(text))
            skipSeparator(text)
        }
        index += 1
        return .array(elements)
    }

    private mutating func object(_ text: Span<UInt8>) -> JSONValue {
        var members: [(String, JSONValue)] = []
        index += 1
        skipSpace(text)
        while text[index] != JSONText.closeObject {
            let key = string(text)
            skipSpace(text)
            index += 1  // the colon
            members.append((key, value(text)))
            skipSeparator(text)
        }
        index += 1
        return .object(members)
    }

    /// Skips a comma and white space up to the next element; stays at a closing bracket.
    private mutating func skipSeparator(_ text: Span<UInt8>) {
        skipSpace(text)
        if text[index] == JSONText.comma { index += 1 }
        skipSpace(text)
    }
}
