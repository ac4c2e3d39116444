// Finds the client of a request behind trusted proxies (C3.1). Pure.
import Engine

/// The client address that rate limits apply to.
public enum ClientAddress {
    /// - Parameters:
    /// - peer: the peer address of the connection.
    /// - forwarded: the values of all `X-Forwarded-For` headers, in order; evaluated only if `peer` is trusted.
    /// - realIP: the value of `X-Real-IP`.
    /// - Returns: `peer` unless it is a trusted proxy. For a proxy: the right-most forwarded address that is not
    ///   trusted, else `X-Real-IP`, else `peer`.
    public static func of(
        _ peer: IPAddress, forwarded: @autoclosure () -> [String], realIP: @autoclosure () -> String?, trusted: [CIDR]
    ) -> IPAddress {
        let peer = peer.unmapped
        func isTrusted(_ address: IPAddress) -> Bool { trusted.contains { $0.contains(address) } }
        guard isTrusted(peer) else { return peer }
        let hops = forwarded().flatMap { $0.split(separator: ",") }.reversed()
        for hop in hops {
            // The addresses to the left of an unreadable one may be forged.
            guard let address = address(in: hop) else { break }
            if !isTrusted(address) { return address }
        }
        return realIP().flatMap { address(in: Substring($0)) } ?? peer
    }

    /// `1.2.3.4`, `1.2.3.4:5678`, `::1`, `[::1]`, `[::1]:5678`.
    private static func address(in text: Substring) -> IPAddress? {
        let trimmed = text.filter { $0 != " " && $0 != "\t" }
        if trimmed.hasPrefix("[") {
            return IPAddress(trimmed.dropFirst().prefix { $0 != "]" })?.unmapped
        }
        if let plain = IPAddress(trimmed) { return plain.unmapped }
        guard trimmed.contains("."), let colon = trimmed.firstIndex(of: ":") else { return nil }
        return IPAddress(trimmed[..<colon])?.unmapped
    }
}
