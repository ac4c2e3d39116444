// The service under measurement: its address, and how to sign requests to it. A value; any thread.
import Engine

struct Target: Sendable {
    /// As given, without a slash at its end.
    let baseURL: String
    /// A name or a numeric address, IPv6 without brackets.
    let host: String
    let port: Int
    /// For the `Host` header.
    let authority: String
    /// The path before `/api`, usually empty.
    let prefix: String
    let keys: SignatureKeys
    /// For receivers, which check the service's signatures.
    let key: String

    init(baseURL: String, key: String) throws(DriverError) {
        var text = Substring(baseURL)
        while text.hasSuffix("/") { text = text.dropLast() }
        guard text.lowercased().hasPrefix("http://") else {
            throw DriverError("\(baseURL): only http:// can be measured; connect behind the TLS proxy")
        }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" }
        guard let (host, port) = Target.split(authority), !authority.contains("@") else {
            throw DriverError("\(baseURL): expected http://HOST[:PORT]")
        }
        self.baseURL = String(text)
        self.authority = String(authority)
        prefix = String(rest.dropFirst(authority.count))
        (self.host, self.port) = (host, port)
        self.key = key
        keys = SignatureKeys(shared: key)
    }

    private static func split(_ authority: Substring) -> (String, Int)? {
        if authority.hasPrefix("[") {
            let parts = authority.dropFirst().split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { return nil }
            if parts[1].isEmpty { return (String(parts[0]), 80) }
            guard parts[1].hasPrefix(":"), let port = validPort(parts[1].dropFirst()) else { return nil }
            return (String(parts[0]), port)
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2 else { return nil }
        if parts.count == 1 { return (String(host), 80) }
        return validPort(parts[1]).map { (String(host), $0) }
    }

    private static func validPort(_ text: Substring) -> Int? {
        Int(text).flatMap { (1...65_535).contains($0) ? $0 : nil }
    }

    /// The address to connect to; for a name, the first one that the system prefers. Loop thread.
    func address(on loop: Loop) async throws -> SocketAddress {
        if let address = SocketAddress(host: host, port: port) { return address }
        let found = try await loop.park { (ticket: Ticket<[String]>) in
            LoopResolver.addresses(of: host, on: loop) { ticket.resume($0) }
        }
        guard let first = found.first, let address = SocketAddress(host: first, port: port) else {
            throw DriverError("\(host) has no address")
        }
        return address
    }

    // MARK: Requests

    /// The bytes of a request's head.
    /// - Parameter text: the text that `X-Signature` covers; nil: no such header.
    func head(
        _ method: String, _ path: String, signing text: String?, headers: [(String, String)] = [], length: Int? = nil
    ) -> [UInt8] {
        var head = "\(method) \(prefix)\(path) HTTP/1.1\r\nHost: \(authority)\r\n"
        if let text { head += "X-Signature: \(keys.sign(text))\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let length { head += "Content-Length: \(length)\r\n" }
        return Array((head + "\r\n").utf8)
    }

    func statusRequest(_ job: String) -> [UInt8] { head("GET", "/api/v1/batch-status/\(job)", signing: job) }
}
