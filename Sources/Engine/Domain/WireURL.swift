// A URL as it goes over the wire. Pure; any thread.

/// People write URLs with characters that RFC 3986 does not allow in one: `|`, `[1]`, letters of their own language.
/// Browsers encode them before they send a request; strict servers, and OpenAI's API, answer 400 to the raw form.
public enum WireURL {
    /// Returns `url` in ASCII: the host in its A-label form, every character that RFC 3986 does not allow
    /// percent-encoded. What is encoded already stays as it is. A text that is no URL is returned unchanged.
    public static func text(_ url: String) -> String {
        let bytes = Array(url.utf8)
        guard let (host, rest) = split(bytes) else { return url }
        if bytes[..<host].allSatisfy(isPlain), bytes[host..<rest].allSatisfy(isHostByte), isEncoded(bytes[rest...]) {
            return url
        }
        guard let parsed = try? ParsedURL(url) else { return url }
        var out = Array("\(parsed.scheme)://\(parsed.host)".utf8)
        out += port(bytes[host..<rest])
        encode(bytes[rest...], to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// The offsets of the host, after `://`, and of its end.
    private static func split(_ url: [UInt8]) -> (host: Int, rest: Int)? {
        guard let colon = url.firstIndex(of: UInt8(ascii: ":")), url[colon...].starts(with: "://".utf8) else {
            return nil
        }
        let host = colon + 3
        return (host, url[host...].firstIndex { "/?#".utf8.contains($0) } ?? url.count)
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// A name, an address, a port. Percent signs are not among them: the host is decoded.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        ASCII.isLetterOrDigit(byte) || ".-_:[]".utf8.contains(byte)
    }

    /// `:8080` of `host:8080`, as written.
    private static func port(_ authority: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = authority.reversed().prefix { ASCII.isDigit($0) }.count
        let colon = authority.endIndex - digits - 1
        guard digits > 0, colon > authority.startIndex, authority[colon] == UInt8(ascii: ":") else { return [] }
        return authority[colon...]
    }

    // MARK: Path, query and fragment

    private static func isEncoded(_ rest: ArraySlice<UInt8>) -> Bool {
        rest.indices.allSatisfy { index in
            rest[index] == UInt8(ascii: "%") ? isEscape(rest, at: index) : allowed[Int(rest[index])]
        } && rest.count { $0 == UInt8(ascii: "#") } < 2
    }

    private static func encode(_ rest: ArraySlice<UInt8>, to out: inout [UInt8]) {
        var isInFragment = false
        for index in rest.indices {
            let byte = rest[index]
            let isSecondHash = byte == UInt8(ascii: "#") && isInFragment
            if byte == UInt8(ascii: "#") { isInFragment = true }
            let stays = byte == UInt8(ascii: "%") ? isEscape(rest, at: index) : allowed[Int(byte)] && !isSecondHash
            if stays {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }

    private static func isEscape(_ text: ArraySlice<UInt8>, at index: Int) -> Bool {
        index + 2 < text.endIndex && Hex.value(text[index + 1]) != nil && Hex.value(text[index + 2]) != nil
    }

    /// RFC 3986, 2.1: upper case.
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// RFC 3986: unreserved, sub-delims, `:`, `@`, and the delimiters of path, query and fragment.
    private static let allowed: [Bool] = (0...255).map { byte in
        let byte = UInt8(byte)
        return ASCII.isLetterOrDigit(byte) || "-._~!$&'()*+,;=:@/?#".utf8.contains(byte)
    }
}
