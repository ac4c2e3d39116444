// Decides whether a client's URL may be used (C3.3). Pure; any thread. A plain `https://name/...` is judged in one
// pass; curl's URL parser reads all others, so that this check and the later fetch agree.

/// Judges image and webhook URLs on arrival. Names are resolved later; ``AddressPolicy`` then judges the address.
public enum WebURL {
    /// C3.3: returns nil if `url` is http(s), parses, carries no credentials and names no forbidden address in any
    /// spelling. Otherwise returns the problem in English, without the URL itself.
    public static func problem(_ url: String, policy: AddressPolicy) -> String? {
        // Not `url.utf8.span`: a string of up to 15 bytes lies in the String itself, and in optimised builds its span
        // then reads freed memory (Swift 6.3).
        var url = url
        return url.withUTF8 { problem($0.span, policy: policy) }
    }

    /// The same for UTF-8 bytes.
    public static func problem(_ url: Span<UInt8>, policy: AddressPolicy) -> String? {
        guard let start = hostStart(url) else { return "is not an http or https URL" }
        if hasHostileBytes(url) { return "contains white space, a control character or a backslash" }
        var end = start
        while end < url.count, isNameByte(url[end]) { end += 1 }
        if end == url.count || isHostEnd(url[end]) {
            return HostRule.problem(url.extracting(start..<end), policy: policy)
        }
        if url[end] == UInt8(ascii: ":"), let portEnd = plainPortEnd(url, from: end + 1) {
            if portEnd < 0 { return "has a port outside 1 to 65535" }
            return HostRule.problem(url.extracting(start..<end), policy: policy)
        }
        return parsedProblem(url, hostStart: start, policy: policy)
    }

    /// The offset after `http://` or `https://`, in either case; nil without either.
    private static func hostStart(_ url: Span<UInt8>) -> Int? {
        if hasPrefix("https://", url) { return 8 }
        return hasPrefix("http://", url) ? 7 : nil
    }

    private static func hasPrefix(_ prefix: StaticString, _ url: Span<UInt8>) -> Bool {
        guard url.count >= prefix.utf8CodeUnitCount else { return false }
        return prefix.withUTF8Buffer { prefix in
            prefix.indices.allSatisfy { prefix[$0] == ASCII.lower(url[$0]) }
        }
    }

    /// True for white space and control characters, including those beyond ASCII (C1, U+00A0, U+2000.., U+3000,
    /// U+FEFF), and for backslashes, which browsers read as slashes and curl does not.
    private static func hasHostileBytes(_ url: Span<UInt8>) -> Bool {
        // Sums instead of an early return, so that the compiler vectorises the loop.
        var hostile: UInt8 = 0
        var all: UInt8 = 0
        url.withUnsafeBufferPointer { url in  // read within the call only
            for byte in url {
                hostile |= byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "\\") ? 1 : 0
                all |= byte
            }
        }
        if hostile != 0 { return true }
        guard all >= 0x80 else { return false }
        let text = url.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }  // read within the call only
        return text.unicodeScalars.contains { scalar in
            scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
                || scalar.properties.generalCategory == .format || scalar == "\u{FFFD}"
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || HostRule.isLabelByte(byte)
    }

    private static func isHostEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// Returns the end of a decimal port, -1 if the number is not a port, or nil if this is not a plain port.
    private static func plainPortEnd(_ url: Span<UInt8>, from start: Int) -> Int? {
        var end = start
        var port = 0
        while end < url.count, ASCII.isDigit(url[end]) {
            port = min(port * 10 + Int(url[end] - 0x30), 65_536)
            end += 1
        }
        guard end > start, end == url.count || isHostEnd(url[end]) else { return nil }
        return (1...65_535).contains(port) ? end : -1
    }

    // MARK: URLs that curl parses

    private static func parsedProblem(_ url: Span<UInt8>, hostStart: Int, policy: AddressPolicy) -> String? {
        // curl accepts a third slash and would find a host that other readers do not see.
        if hostStart < url.count, url[hostStart] == UInt8(ascii: "/") { return "has no host" }
        let text = url.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }  // read within the call only
        let parsed: ParsedURL
        do { parsed = try ParsedURL(text) } catch {
            switch error {
            case .credentials: return "carries credentials"
            case .noHost: return "has no host"
            case .badPort: return "has a port outside 1 to 65535"
            case .badHost: return "has a host that is not a name"
            case .malformed: return "cannot be parsed"
            }
        }
        if parsed.hasZone { return "names an address with a zone" }
        var host = parsed.host
        return host.withUTF8 { HostRule.problem($0.span, policy: policy) }
    }
}

/// Judges the host of a URL: a name, or an address in any spelling that a resolver accepts.
enum HostRule {
    static func problem(_ host: Span<UInt8>, policy: AddressPolicy) -> String? {
        if host.isEmpty { return "has no host" }
        if host[0] == UInt8(ascii: "[") { return bracketProblem(host, policy: policy) }
        // A trailing dot names the root and changes nothing.
        let length = host[host.count - 1] == UInt8(ascii: ".") ? host.count - 1 : host.count
        guard (1...253).contains(length), let last = lastLabel(host.extracting(0..<length)) else {
            return "has a host that is not a name"
        }
        if ASCII.isDigit(host[last]) {
            switch LooseIPv4.read(host.extracting(0..<length)) {
            case .address(let bits): return verdict(IPAddress(v4: bits), policy)
            case .malformed: return "has a host that is neither a name nor an address"
            case .name: return nil
            }
        }
        // RFC 6761: localhost and all names below it are loopback, whatever a resolver says.
        guard length - last == 9, isLocalhost(host, from: last) else { return nil }
        return verdict(IPAddress(v4: 0x7F00_0001), policy)
    }

    /// Returns the start of the last label, or nil if a label is empty, over 63
    /// bytes, or has a byte that no name has.
    private static func lastLabel(_ name: Span<UInt8>) -> Int? {
        var start = 0
        for index in name.indices {
            let byte = name[index]
            if byte == UInt8(ascii: ".") {
                guard (1...63).contains(index - start) else { return nil }
                start = index + 1
            } else if !isLabelByte(byte) {
                return nil
            }
        }
        return (1...63).contains(name.count - start) ? start : nil
    }

    static func isLabelByte(_ byte: UInt8) -> Bool {
        ASCII.isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isLocalhost(_ host: Span<UInt8>, from start: Int) -> Bool {
        let name: StaticString = "localhost"
        return name.withUTF8Buffer { name in name.indices.allSatisfy { name[$0] == ASCII.lower(host[start + $0]) } }
    }

    private static func bracketProblem(_ host: Span<UInt8>, policy: AddressPolicy) -> String? {
        guard host.count > 2, host[host.count - 1] == UInt8(ascii: "]") else { return "cannot be parsed" }
        let inner = host.extracting(1..<host.count - 1).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        guard let address = IPAddress(inner), address.family == .v6 else { return "cannot be parsed" }
        return verdict(address, policy)
    }

    private static func verdict(_ address: IPAddress, _ policy: AddressPolicy) -> String? {
        policy.permits(address) ? nil : "names a forbidden address"
    }
}
