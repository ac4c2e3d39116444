// Proxies for outgoing requests (`OPENAI_PROXY`). Values; any thread. Their descriptions show no credentials.

/// One proxy: `http://user:password@host:port`, also with `https`, `socks5` or `socks5h`.
public struct OutboundProxy: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case http, https
        /// The proxy looks names up, also with `socks5`: the service cannot be sure to know outside names.
        case socks
    }

    let kind: Kind
    let host: String
    let port: Int
    let user: String?
    let password: String?

    private static let defaultPort = 1080

    /// Without a scheme it is an HTTP proxy, as in curl.
    public init(parsing text: String) throws(InvalidSetting) {
        let hasScheme = text.contains("://")
        let scheme = hasScheme ? String(text.prefix { $0 != ":" }).lowercased() : "http"
        switch scheme {
        case "http": kind = .http
        case "https": kind = .https
        case "socks5", "socks5h": kind = .socks
        default: throw InvalidSetting("must begin with http://, https://, socks5:// or socks5h://")
        }
        var rest = hasScheme ? text.dropFirst(scheme.utf8.count + 3) : text[...]
        var credentials: [String] = []
        if let at = rest.lastIndex(of: "@") {
            credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                .map { Self.decoded(String($0)) }
            rest = rest[rest.index(after: at)...]
        }
        user = credentials.first
        password = credentials.count > 1 ? credentials[1] : nil
        if rest.hasSuffix("/") { rest.removeLast() }
        let hasPort = !rest.hasSuffix("]") && rest.split(separator: ":", omittingEmptySubsequences: false).count > 1
        let place = hasPort || kind == .https ? String(rest) : "\(rest):\(Self.defaultPort)"
        guard !place.contains(where: "/?#".contains),
            let url = try? ParsedURL("\(kind == .https ? "https" : "http")://\(place)")
        else { throw InvalidSetting("must name a proxy as http://host:port or http://user:password@host:port") }
        host = url.host
        port = url.port
    }

    /// Decodes `%40`; other text stays.
    private static func decoded(_ text: String) -> String {
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap(Hex.value)
            if byte == UInt8(ascii: "%"), digits.count == 2 {
                out.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// For curl, without credentials.
    var address: String {
        switch kind {
        case .http: "http://\(host):\(port)"
        case .https: "https://\(host):\(port)"
        case .socks: "socks5h://\(host):\(port)"
        }
    }

    var secrets: [String] { [password].compactMap(\.self) }
}

/// The choice of a proxy by target.
public struct OutboundProxies: Sendable, Equatable {
    private var http: OutboundProxy?
    private var https: OutboundProxy?
    private var exceptions: [String] = []

    /// One proxy for every target.
    public init(_ proxy: OutboundProxy) { (http, https) = (proxy, proxy) }

    /// From `HTTPS_PROXY`, `http_proxy`, `ALL_PROXY` and `NO_PROXY`, as curl reads them: the lower-case name first, and
    /// `HTTP_PROXY` in lower case only.
    /// - Returns: nil if the environment names no proxy.
    public init?(environment: [String: String]) throws(InvalidSetting) {
        func value(_ name: String) -> String? {
            [name, name.uppercased()].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        func proxy(_ text: String?) throws(InvalidSetting) -> OutboundProxy? {
            guard let text else { return nil }
            return try OutboundProxy(parsing: text)
        }
        let every = value("all_proxy")
        https = try proxy(value("https_proxy") ?? every)
        http = try proxy(environment["http_proxy"].flatMap { $0.isEmpty ? nil : $0 } ?? every)
        guard http != nil || https != nil else { return nil }
        exceptions = (value("no_proxy") ?? "").lowercased()
            .split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init)
    }

    /// Returns nil for a target that is connected to directly.
    func proxy(for target: ParsedURL) -> OutboundProxy? {
        isExcepted(target) ? nil : target.scheme == "https" ? https : http
    }

    private func isExcepted(_ target: ParsedURL) -> Bool {
        let host = target.host.lowercased()
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return exceptions.contains { entry in
            if entry == "*" { return true }
            if let address = IPAddress(name) {
                return entry == name || entry == host || (try? CIDR(parsing: entry))?.contains(address) ?? false
            }
            var entry = entry.hasPrefix("*.") ? String(entry.dropFirst(2)) : entry
            if entry.hasSuffix(":\(target.port)") { entry = String(entry.dropLast("\(target.port)".count + 1)) }
            while entry.hasPrefix(".") { entry.removeFirst() }
            return name == entry || (!entry.isEmpty && name.hasSuffix("." + entry))
        }
    }
}

extension OutboundProxy: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { address }
    public var debugDescription: String { address }
    public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}

extension OutboundProxies: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { (https ?? http).map { "proxy \($0)" } ?? "no proxy" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["proxy": description]) }
}
