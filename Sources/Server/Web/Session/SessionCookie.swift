// The cookie that carries a session, and what else a request says of where it comes from. Pure.
import Engine

enum SessionCookie {
    /// Over TLS the prefix keeps a neighbouring host from setting it.
    private static func name(isSecure: Bool) -> String {
        isSecure ? "__Host-generation_session" : "generation_session"
    }

    /// `Set-Cookie` of a new session.
    static func set(_ token: String, isSecure: Bool) -> (String, String) {
        field(token, seconds: SessionKeys.lifetimeSeconds, isSecure: isSecure)
    }

    /// `Set-Cookie` that makes the browser forget it.
    static func clear(isSecure: Bool) -> (String, String) { field("", seconds: 0, isSecure: isSecure) }

    private static func field(_ value: String, seconds: Int, isSecure: Bool) -> (String, String) {
        let secure = isSecure ? "; Secure" : ""
        return (
            "Set-Cookie",
            "\(name(isSecure: isSecure))=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Lax\(secure)"
        )
    }

    /// The values that a request's cookies of this name have: of several, some may be another site's doing.
    static func values(_ cookies: [String], isSecure: Bool) -> [String] {
        let wanted = name(isSecure: isSecure)
        return cookies.flatMap { $0.split(separator: ";") }.compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == wanted else { return nil }
            return String(parts[1])
        }
    }
}

/// Where a request of the web interface comes from.
enum WebOrigin {
    /// Whether the browser spoke TLS: with a proxy that we trust, which says so.
    static func isSecure(_ remote: IPAddress, forwardedProto: String?, trusted: [CIDR]) -> Bool {
        let remote = remote.unmapped
        guard trusted.contains(where: { $0.contains(remote) }) else { return false }
        // Of several proxies the last one is the one that we trust.
        return forwardedProto?.split(separator: ",").last.map { $0.filter { $0 != " " } == "https" } ?? false
    }

    /// Whether a form was sent by a page of ours, as far as the browser tells. A browser that tells nothing at all is
    /// left to the token.
    static func isOurs(fetchSite: String?, origin: String?, host: String?) -> Bool {
        if let fetchSite { return fetchSite == "same-origin" || fetchSite == "none" }
        guard let origin else { return true }
        guard let authority = origin.firstRange(of: "://").map({ origin[$0.upperBound...] }), let host else {
            return false  // `null`: a sandboxed page, or one that was redirected here
        }
        // Proxies often leave the port out of Host.
        return name(authority) == name(host[...])
    }

    private static func name(_ authority: Substring) -> String {
        if authority.hasPrefix("[") { return authority.prefix { $0 != "]" }.lowercased() }
        return authority.prefix { $0 != ":" }.lowercased()
    }
}
