// Seeded random JSON texts, full of cases on which serialisers disagree.

/// SplitMix64: the same documents on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

struct JSONGenerator {
    var random: SeededGenerator
    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func document() -> String { space() + value(depth: Int.random(in: 0...5, using: &random)) + space() }

    mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &random) {
        case 0: return ["true", "false", "null"].randomElement(using: &random) ?? ""
        case 1: return integer()
        case 2: return float()
        case 3, 4, 5: return string()
        case 6, 7: return list(depth, open: "[", close: "]") { $0.value(depth: depth - 1) }
        default:
            return list(depth, open: "{", close: "}") {
                $0.key() + $0.space() + ":" + $0.space() + $0.value(depth: depth - 1)
            }
        }
    }

    private mutating func list(
        _ depth: Int, open: String, close: String, _ element: (inout JSONGenerator) -> String
    ) -> String {
        let count = Int.random(in: 0...6, using: &random)
        var out = open + space()
        for index in 0..<count { out += (index > 0 ? "," + space() : "") + element(&self) + space() }
        return out + close
    }

    mutating func space() -> String {
        guard Int.random(in: 0..<4, using: &random) == 0 else { return "" }
        return ["\u{20}", "\n", "\r\n", "\t", "   "].randomElement(using: &random) ?? ""
    }

    /// From a small choice, so that keys repeat in different spellings.
    private mutating func key() -> String {
        let keys = [
            #""""#, #""a""#, #""\u0061""#, #""b""#, #""ab""#, #""A""#, #""é""#, #""\u00e9""#, #""\ue000""#,
            #""\ud800""#,
            #""\udfff""#, #""\uD83D\uDE00""#, #""😀""#, #""\ud83d""#, #""\uffff""#, #""\"""#, #""\\""#, #""/""#,
            #""\/""#,
            #""\n""#, #""\u000a""#, #""\u007f""#, "\"\u{7F}\"", #""~""#, #""Z""#, #""]""#, #""^""#, #""a\u0000""#,
            #""ключ""#,
            #""10""#, #""9""#,
        ]
        return Bool.random(using: &random) ? keys.randomElement(using: &random) ?? "" : string()
    }

    mutating func string() -> String {
        var out = "\""
        for _ in 0..<Int.random(in: 0...12, using: &random) { out += piece() }
        return out + "\""
    }

    private mutating func piece() -> String {
        switch Int.random(in: 0..<12, using: &random) {
        case 0:
            return [#"\""#, #"\\"#, #"\/"#, #"\b"#, #"\f"#, #"\n"#, #"\r"#, #"\t"#].randomElement(using: &random) ?? ""
        case 1: return escape(UInt16.random(in: 0...0x7F, using: &random))
        case 2: return escape(UInt16.random(in: 0xD700...0xE0FF, using: &random))
        case 3: return escape(UInt16.random(in: 0...0xFFFF, using: &random))
        case 4:
            return escape(UInt16.random(in: 0xD800...0xDBFF, using: &random))
                + escape(UInt16.random(in: 0xDC00...0xDFFF, using: &random))
        case 5: return scalar(0x80...0x7FF)
        case 6: return scalar(0x800...0xD7FF)
        case 7: return scalar(0xE000...0xFFFF)
        case 8: return scalar(0x10000...0x10FFFF)
        case 9: return "\u{7F}"
        default: return String(repeating: "plain text ", count: Int.random(in: 1...3, using: &random))
        }
    }

    private mutating func escape(_ unit: UInt16) -> String {
        let hex = String(unit, radix: 16, uppercase: Bool.random(using: &random))
        return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    }

    private mutating func scalar(_ range: ClosedRange<UInt32>) -> String {
        Unicode.Scalar(UInt32.random(in: range, using: &random)).map { String(Character($0)) } ?? ""
    }

    private mutating func integer() -> String {
        let sign = Bool.random(using: &random) ? "-" : ""
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return sign + "0"
        case 1: return sign + digits(1...3)
        case 2: return sign + digits(15...25)
        default: return sign + digits(1...400)
        }
    }

    private mutating func digits(_ count: ClosedRange<Int>) -> String {
        var out = String(Int.random(in: 1...9, using: &random))
        for _ in 1..<max(2, Int.random(in: count, using: &random)) {
            out += String(Int.random(in: 0...9, using: &random))
        }
        return out
    }

    mutating func float() -> String {
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            return [
                "-0.0", "0e0", "1e5", "1E+5", "1e-7", "1e15", "1e16", "1e17", "0.0001", "0.00001",
                "123456789012345680.0",
                "9999999999999998.0", "9999999999999999.0", "1e400", "-1e400", "1e-400", "5e-324",
                "1.7976931348623157e308",
                "2.2250738585072014e-308", "0.1", "-0e-0", "100000000000000000000000.0", "1.0E-5", "9007199254740993.0",
            ].randomElement(using: &random) ?? ""
        case 1: return number(Double(bitPattern: random.next()))
        case 2:
            let exponent = Int.random(in: -1074...1023, using: &random)
            return number(Double(sign: .plus, exponent: exponent, significand: 1))
        case 3: return "-" + digits(1...20) + "." + digits(1...20)
        default: return "0." + digits(1...25) + "e" + String(Int.random(in: -330...330, using: &random))
        }
    }

    /// A finite double's digits, as a JSON float.
    private func number(_ value: Double) -> String {
        guard value.isFinite else { return "1e308" }
        let text = "\(value)"
        return text.contains(".") || text.contains("e") ? text : text + ".0"
    }
}
