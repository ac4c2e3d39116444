// When a URL stops working, as far as its text tells. Pure; any thread.

/// Object stores and image services sign URLs for minutes or days. A batch may take a day, so an image whose URL ends
/// before is sent inline.
public enum URLExpiry {
    /// Returns the earliest end that the query of `url` names; nil if it names none.
    ///
    /// It reads a date with a life (`X-Amz-Date` and `X-Amz-Expires`; the same of Google, Alibaba and others), a
    /// moment (`Expires`, `exp`, `se` and the like: Unix time, or ISO 8601), a moment within a value
    /// (`hdnts=exp=...~acl=...`, `q-sign-time=begin;end`), and the ends within a JSON Web Token or a CloudFront policy.
    public static func end(of url: String) -> Timestamp? {
        guard let mark = url.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        let query = url[url.utf8.index(after: mark)...].prefix { $0 != "#" }
        var ends: [Timestamp] = []
        var dates: [String: Timestamp] = [:]
        var lives: [String: Double] = [:]
        for part in query.split(whereSeparator: { $0 == "&" }) {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            let (name, value) = (pair[0].lowercased(), decoded(pair[1]))
            if let end = moment(name, value) ?? within(value) ?? token(value) { ends.append(end) }
            guard name.hasPrefix("x-") else { continue }
            if name.hasSuffix("-date") { dates[String(name.dropLast(5))] = compactDate(value) }
            if name.hasSuffix("-expires"), let life = Double(value), life.isFinite {
                lives[String(name.dropLast(8))] = life
            }
        }
        for (signer, life) in lives {
            if let date = dates[signer] { ends.append(date + min(max(0, life), longestSeconds)) }
        }
        return ends.min()
    }

    /// Whether the query of `url` says that it works no longer at `moment`.
    static func ends(_ url: String, before moment: Timestamp) -> Bool { end(of: url).map { $0 < moment } ?? false }

    /// Names of parameters that hold a moment.
    private static let names: Set<String> = [
        "expires", "expire", "expiry", "expiration", "exp", "expires_at", "expiresat", "x-expires", "se", "oe", "e",
        "valid_until", "validuntil", "t_exp",
    ]
    /// Moments outside of this range are something else: a length, an id.
    private static let years = Timestamp(seconds: 946_684_800)..<Timestamp(seconds: 7_258_118_400)
    private static let longestSeconds = 100.0 * 365 * 86_400

    private static func moment(_ name: String, _ value: String) -> Timestamp? {
        guard names.contains(name) else { return nil }
        // Facebook's and Instagram's images.
        if name == "oe" { return Int(value, radix: 16).flatMap { plausible(Double($0)) } }
        return unix(value) ?? Timestamp(iso: value) ?? compactDate(value)
    }

    /// Seconds or milliseconds.
    private static func unix(_ text: String) -> Timestamp? {
        guard text.utf8.allSatisfy(ASCII.isDigit), let number = Double(text) else { return nil }
        return plausible(number) ?? plausible(number / 1000)
    }

    private static func plausible(_ seconds: Double) -> Timestamp? {
        guard years.lowerBound.seconds..<years.upperBound.seconds ~= seconds else { return nil }
        return Timestamp(seconds: seconds)
    }

    /// `20261130T081500Z`.
    private static func compactDate(_ text: String) -> Timestamp? {
        let digits = Array(text.utf8)
        guard digits.count == 16, digits[8] == UInt8(ascii: "T"), digits[15] == UInt8(ascii: "Z") else { return nil }
        func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
        let date = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))"
        return Timestamp(iso: "\(date)T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")
    }

    /// Akamai's and Cloudinary's tokens, and Tencent's pair of times.
    private static func within(_ value: String) -> Timestamp? {
        let fields = value.split { $0 == "~" || $0 == ";" }
        if let field = fields.first(where: { $0.hasPrefix("exp=") }) { return unix(String(field.dropFirst(4))) }
        guard fields.count == 2, let begin = unix(String(fields[0])), let end = unix(String(fields[1])), begin <= end
        else { return nil }
        return end
    }

    /// The claim `exp` of a JSON Web Token, or the end in a CloudFront policy.
    private static func token(_ value: String) -> Timestamp? {
        // Both are base64 of a text that begins with `{"`.
        guard value.hasPrefix("eyJ") else { return nil }
        let parts = value.split(separator: ".")
        if parts.count == 3 { return json(parts[1])?["exp"]?.int.flatMap { plausible(Double($0)) } }
        let conditions = json(parts[0])?["Statement"]?.array?.first?["Condition"]
        return conditions?["DateLessThan"]?["AWS:EpochTime"]?.int.flatMap { plausible(Double($0)) }
    }

    private static func json(_ base64: Substring) -> JSONValue? {
        Base64.bytes(lenient: base64).flatMap { try? JSONValue.parse($0) }
    }

    /// Decodes percent-encoding; a wrong escape stays.
    private static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = Hex.value(bytes[index + 1]),
                let low = Hex.value(bytes[index + 2])
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
