// The cookie that carries a session, and the other signs of a request's origin. Pure.
import Engine

enum SessionCookie {
    /// Over TLS the prefix keeps a neighbouring host from setting the cookie.
    private static func name(isSecure: Bool) -> String {
        isSecure ? "__Host-generation_session" : "generation_session"
    }

    /// Returns `Set-Cookie` for a new session.
    static func set(_ token: String, isSecure: Bool) -> (String, String) {
        field(token, seconds: SessionKeys.lifetimeSeconds, isSecure: isSecure)
    }

    /// Returns a `Set-Cookie` that deletes the cookie.
    static func clear(isSecure: Bool) -> (String, String) { field("", seconds: 0, isSecure: isSecure) }

    private static func field(_ value: String, seconds: Int, isSecure: Bool) -> (String, String) {
        let secure = isSecure ? "; Secure" : ""
        return (
            "Set-Cookie",
            "\(name(isSecure: isSecure))=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Lax\(secure)"
        )
    }

    /// Returns the values of all cookies with this name; another site may have set some of them.
    static func values(_ cookies: [String], isSecure: Bool) -> [String] {
        let wanted = name(isSecure: isSecure)
        return cookies.flatMap { $0.split(separator: ";") }.compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == wanted else { return nil }
            return String(parts[1])
        }
    }
}

/// Checks of a request's origin.
enum WebOrigin {
    /// Whether the browser spoke TLS with a trusted proxy, according to that proxy.
    static func isSecure(_ remote: IPAddress, forwardedProto: String?, trusted: [CIDR]) -> Bool {
        let remote = remote.unmapped
        guard trusted.contains(where: { $0.contains(remote) }) else { return false }
        // With several proxies, the last entry comes from the trusted one.
        return forwardedProto?.split(separator: ",").last.map { $0.filter { $0 != " " } == "https" } ?? false
    }

    /// Whether a page of this service sent a form, as far as the browser says. If the browser sends neither header, the
    /// token decides.
    static func isOurs(fetchSite: String?, origin: String?, host: String?) -> Bool {
        if let fetchSite { return fetchSite == "same-origin" || fetchSite == "none" }
        guard let origin else { return true }
        guard let authority = origin.firstRange(of: "://").map({ origin[$0.upperBound...] }), let host else {
            return false  // `null`: a sandboxed page, or one that was redirected here
        }
        // Proxies often drop the port from Host.
        return name(authority) == name(host[...])
    }

    private static func name(_ authority: Substring) -> String {
        if authority.hasPrefix("[") { return authority.prefix { $0 != "]" }.lowercased() }
        return authority.prefix { $0 != ":" }.lowercased()
    }
}
