// Damages inputs in ways that parsers often handle wrongly. Pure. Thread: any.

/// One change of an input, chosen by the generator.
package enum Mutation {
    /// Maximum size of a mutated input, in bytes.
    private static let bytesMax = 4096

    /// - Parameter other: the source of inserted parts.
    package static func random(
        of input: [UInt8], with other: [UInt8], using random: inout some RandomNumberGenerator
    ) -> [UInt8] {
        var bytes = input
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &random)
        case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2 where place < bytes.count:
            bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...8, using: &random)))
        case 3: bytes.insert(contentsOf: part(of: other, using: &random), at: place)
        case 4: bytes.insert(contentsOf: part(of: input, using: &random), at: place)
        case 5: bytes.insert(contentsOf: telling.randomElement(using: &random).map { Array($0.utf8) } ?? [], at: place)
        case 6: bytes.replaceSubrange(place..., with: part(of: other, using: &random))
        default: bytes.insert(.random(in: 0...255, using: &random), at: place)
        }
        return Array(bytes.prefix(bytesMax))
    }

    private static func part(of bytes: [UInt8], using random: inout some RandomNumberGenerator) -> ArraySlice<UInt8> {
        let start = Int.random(in: 0...bytes.count, using: &random)
        return bytes[start..<Int.random(in: start...bytes.count, using: &random)]
    }

    /// Bytes with a meaning to one parser or another.
    private static let telling = [
        "\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", "\0", ":", ": ", ",", ";", "{", "}", "[", "]", "\"", "\\", "\\u0000",
        "\\ud800", "/", "//", "@", "%", "%00", "%2e", "#", "?", "<", ">", "&", "<!--", "</", "0", "-", "1e400", "0x",
        "+",
        "99999999999999999999", "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n",
        "Connection: close\r\n", "Expect: 100-continue\r\n", "0\r\n\r\n", "HTTP/1.1",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "null", "true", "127.0.0.1", "localhost", "::1", ".", "é", "\u{FEFF}", "\u{202E}",
    ]
}
