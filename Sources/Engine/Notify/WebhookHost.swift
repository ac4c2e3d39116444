// The host part of a checked webhook URL, for bounds per receiver. Pure.

enum WebhookHost {
    /// `host:port` in lower case as the URL spells it; the whole URL if it has no such part.
    static func of(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        return rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }.lowercased()
    }
}
