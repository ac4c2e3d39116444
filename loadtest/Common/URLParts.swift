// Parts of a request target for the simulators. Thread: any.
import Engine

enum URLParts {
    /// Path segments, percent-decoded, without empty ones.
    static func segments(_ path: some StringProtocol) -> [String] {
        path.split(separator: "/").map { decode($0) }
    }

    /// A raw query as pairs, in order; a name without `=` has an empty value.
    static func query(_ raw: (some StringProtocol)?) -> [(name: String, value: String)] {
        guard let raw else { return [] }
        return raw.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decode(parts[0]), parts.count > 1 ? decode(parts[1]) : "")
        }
    }

    /// Percent-decoded; a broken escape stays as it is.
    static func decode(_ text: some StringProtocol) -> String {
        var out: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = Hex.value(bytes[index + 1]), let low = Hex.value(bytes[index + 2])
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
