// JSON after RFC 8259 and CPython, written for clarity instead of speed: the reference for the reader and the canonical
// writer. Shares no code with them. Pure. Thread: any.

import Glibc

/// A JSON value without loss: numbers as written, strings as code points, including lone surrogates.
indirect enum ReferenceJSON {
    case literal(String)
    case integer(String)
    case float(String)
    case string([UInt32])
    case array([ReferenceJSON])
    case object([(key: [UInt32], value: ReferenceJSON)])

    /// nil if `bytes` are not exactly one JSON value in UTF-8, with white space around it.
    init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var reader = Reader(rest: text.unicodeScalars.map(\.value)[...])
        guard let value = reader.value(), reader.skipSpace(), reader.rest.isEmpty else { return nil }
        self = value
    }

    /// Nesting depth of containers: 0 for a scalar.
    var depth: Int {
        switch self {
        case .literal, .integer, .float, .string: 0
        case .array(let elements): 1 + (elements.map(\.depth).max() ?? 0)
        case .object(let members): 1 + (members.map(\.value.depth).max() ?? 0)
        }
    }

    /// The last member with that name.
    func member(_ name: String) -> ReferenceJSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == name.unicodeScalars.map(\.value) }?.value
    }
}

// MARK: - Reading

extension ReferenceJSON {
    private struct Reader {
        var rest: ArraySlice<UInt32>

        func next() -> Character? { rest.first.flatMap(Unicode.Scalar.init).map(Character.init) }

        mutating func take(_ character: Character) -> Bool {
            guard rest.first == character.unicodeScalars.first?.value else { return false }
            rest.removeFirst()
            return true
        }

        /// Always true, so that it can be part of a condition.
        mutating func skipSpace() -> Bool {
            while let first = rest.first, [0x20, 0x09, 0x0A, 0x0D].contains(first) { rest.removeFirst() }
            return true
        }

        mutating func value() -> ReferenceJSON? {
            _ = skipSpace()
            switch next() {
            case "{": return object()
            case "[": return array()
            case "\"": return string().map { .string($0) }
            case "t": return literal("true")
            case "f": return literal("false")
            case "n": return literal("null")
            default: return number()
            }
        }

        mutating func literal(_ name: String) -> ReferenceJSON? {
            for character in name where !take(character) { return nil }
            return .literal(name)
        }

        mutating func array() -> ReferenceJSON? {
            guard take("[") else { return nil }
            var elements: [ReferenceJSON] = []
            _ = skipSpace()
            if take("]") { return .array([]) }
            while true {
                guard let element = value() else { return nil }
                elements.append(element)
                _ = skipSpace()
                if take("]") { return .array(elements) }
                guard take(",") else { return nil }
            }
        }

        mutating func object() -> ReferenceJSON? {
            guard take("{") else { return nil }
            var members: [(key: [UInt32], value: ReferenceJSON)] = []
            _ = skipSpace()
            if take("}") { return .object([]) }
            while true {
                _ = skipSpace()
                guard let key = string(), skipSpace(), take(":"), let value = value() else { return nil }
                members.append((key, value))
                _ = skipSpace()
                if take("}") { return .object(members) }
                guard take(",") else { return nil }
            }
        }

        mutating func digits() -> String? {
            var digits = ""
            while let next = next(), ("0"..."9").contains(next) {
                digits.append(next)
                rest.removeFirst()
            }
            return digits.isEmpty ? nil : digits
        }

        mutating func number() -> ReferenceJSON? {
            var text = take("-") ? "-" : ""
            guard let whole = digits(), whole == "0" || !whole.hasPrefix("0") else { return nil }
            text += whole
            var isFloat = false
            if take(".") {
                guard let fraction = digits() else { return nil }
                text += "." + fraction
                isFloat = true
            }
            if take("e") || take("E") {
                text += "e"
                if take("-") { text += "-" } else { _ = take("+") }
                guard let exponent = digits() else { return nil }
                text += exponent
                isFloat = true
            }
            return isFloat ? .float(text) : .integer(text)
        }

        mutating func string() -> [UInt32]? {
            guard take("\"") else { return nil }
            var out: [UInt32] = []
            while let first = rest.popFirst() {
                switch first {
                case 0x22: return out
                case 0..<0x20: return nil
                case 0x5C:
                    guard let escaped = escape() else { return nil }
                    // Two escaped halves become one character; `\u` is the only way to write a surrogate.
                    if (0xDC00...0xDFFF).contains(escaped), let high = out.last, (0xD800...0xDBFF).contains(high) {
                        out[out.count - 1] = 0x10000 + (high - 0xD800) << 10 + (escaped - 0xDC00)
                    } else {
                        out.append(escaped)
                    }
                default: out.append(first)
                }
            }
            return nil
        }

        mutating func escape() -> UInt32? {
            switch rest.popFirst() {
            case 0x22: return 0x22
            case 0x5C: return 0x5C
            case 0x2F: return 0x2F
            case 0x62: return 0x08
            case 0x66: return 0x0C
            case 0x6E: return 0x0A
            case 0x72: return 0x0D
            case 0x74: return 0x09
            case 0x75:
                let hex = rest.prefix(4).compactMap(Unicode.Scalar.init).filter(\.isASCII)
                rest = rest.dropFirst(4)
                guard hex.count == 4, hex.allSatisfy(\.properties.isASCIIHexDigit) else { return nil }
                return UInt32(String(String.UnicodeScalarView(hex)), radix: 16)
            default: return nil
            }
        }
    }
}

// MARK: - Writing

extension ReferenceJSON {
    /// `json.dumps(value, separators=(',', ':'), sort_keys=True)` of the result of `json.loads` (C1.2).
    var canonical: String {
        switch self {
        case .literal(let name): return name
        case .integer(let digits): return digits == "-0" ? "0" : digits
        case .float(let text): return ReferenceJSON.repr(strtod(text, nil))
        case .string(let points): return ReferenceJSON.quoted(points)
        case .array(let elements): return "[" + elements.map(\.canonical).joined(separator: ",") + "]"
        case .object(let members):
            var last: [[UInt32]: ReferenceJSON] = [:]
            for member in members { last[member.key] = member.value }
            let sorted = last.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            return "{" + sorted.map { ReferenceJSON.quoted($0.key) + ":" + $0.value.canonical }.joined(separator: ",")
                + "}"
        }
    }

    private static func quoted(_ points: [UInt32]) -> String { "\"" + points.map(spelt).joined() + "\"" }

    private static func spelt(_ point: UInt32) -> String {
        let named: [UInt32: String] = [
            0x22: "\\\"", 0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x0C: "\\f", 0x08: "\\b",
        ]
        if let name = named[point] { return name }
        if (0x20...0x7E).contains(point), let scalar = Unicode.Scalar(point) { return String(Character(scalar)) }
        if point < 0x10000 { return unit(point) }
        return unit(0xD800 + (point - 0x10000) >> 10) + unit(0xDC00 + (point - 0x10000) & 0x3FF)
    }

    private static func unit(_ unit: UInt32) -> String {
        let hex = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    }

    /// The fewest digits that read back as the same number, found by trial; then in the layout of CPython's `repr`.
    static func repr(_ number: Double) -> String {
        guard number.isFinite else { return number < 0 ? "-Infinity" : "Infinity" }
        for count in 0...16 {
            let text = scientific(number, digitsAfterPoint: count)
            guard strtod(text, nil) == number else { continue }
            return laidOut(text)
        }
        return "unreachable: 17 digits always read back as the same number"
    }

    private static func scientific(_ number: Double, digitsAfterPoint: Int) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        _ = withVaList([Int32(digitsAfterPoint), number]) { vsnprintf(&buffer, buffer.count, "%.*e", $0) }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    }

    /// Converts `-1.25e-07` to the output of `repr`.
    private static func laidOut(_ scientific: String) -> String {
        let sign = scientific.hasPrefix("-") ? "-" : ""
        let parts = scientific.drop { $0 == "-" }.split(separator: "e")
        let digits = parts[0].filter { $0 != "." }
        let exponent = Int(parts[1]) ?? 0
        if exponent < -4 || exponent >= 16 {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let size = String(abs(exponent))
            return sign + digits.prefix(1) + fraction + (exponent < 0 ? "e-" : "e+") + (size.count < 2 ? "0" : "")
                + size
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        let whole = digits.prefix(exponent + 1) + String(repeating: "0", count: max(0, exponent + 1 - digits.count))
        let fraction = digits.dropFirst(exponent + 1)
        return sign + whole + "." + (fraction.isEmpty ? "0" : fraction)
    }
}
