// The words of generated lots, in both forms of JSON text. Pure; any thread.
import Engine

/// A piece of text as it stands between the quotes of a JSON string.
struct LotWord: Sendable {
    /// Raw UTF-8, as most clients send it.
    let utf8: [UInt8]
    /// ASCII with `\u` escapes, as in Python's `json` and therefore in the signed canonical text.
    let ascii: [UInt8]

    init(_ text: String) {
        var quoted: [UInt8] = []
        JSONValue.writeString(text, to: &quoted)
        utf8 = Array(quoted.dropFirst().dropLast())
        ascii = LotWord.escaped(text)
    }

    /// Escapes all but printable ASCII, as UTF-16 units in lower-case digits.
    static func escaped(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        for unit in text.utf16 {
            switch unit {
            case 0x22: out += #"\""#.utf8
            case 0x5C: out += #"\\"#.utf8
            case 0x08: out += #"\b"#.utf8
            case 0x09: out += #"\t"#.utf8
            case 0x0A: out += #"\n"#.utf8
            case 0x0C: out += #"\f"#.utf8
            case 0x0D: out += #"\r"#.utf8
            case 0x20..<0x7F: out.append(UInt8(unit))
            default:
                out += #"\u"#.utf8
                for shift in [12, 8, 4, 0] { out.append(Hex.digit(UInt8(unit >> shift & 15))) }
            }
        }
        return out
    }
}

/// Texts about damaged cars in several scripts, with the characters of real bodies: plain ASCII, two and three byte
/// characters, characters beyond the basic plane, escapes.
enum LotText {
    static let languages: [[LotWord]] = [
        words("dent along the rear door, bumper cover torn off; lamp broken, hood bent, glass chipped near the pillar"),
        words("вмятина на задней двери, сорван бампер, разбита фара, погнут капот, скол на стекле у стойки"),
        words("Delle an der hinteren Tür, Stoßfänger abgerissen, Leuchte zerstört, Haube verzogen, Außenspiegel fehlt"),
        words("后门 有 凹痕 保险杠 脱落 大灯 破碎 引擎盖 变形 玻璃 有 缺口"),
        words("\"total\" C:\\photos\\1 line\nbreak tab\there naïve 🚙 café 25\u{20AC} ½ «так» Ørsted"),
    ]

    static let cars: [LotWord] = [
        "2019 Škoda Superb", "2021 Ford Focus", "2016 ГАЗ Соболь", "2020 Peugeot 208", "2022 吉利 星越",
    ].map { LotWord($0) }

    private static func words(_ text: String) -> [LotWord] { text.split(separator: " ").map { LotWord(String($0)) } }
}
