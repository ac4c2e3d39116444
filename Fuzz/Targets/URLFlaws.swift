// The `url` target: an accepted URL leads to no forbidden address in any reading (C3.3, C7). Thread: any.
import Engine
import Glibc

enum URLFlaws {
    private static let policy = AddressPolicy()

    static func find(in input: [UInt8]) -> String? {
        flaw(of: input) ?? flaw(of: Array("http://".utf8) + input)
    }

    private static func flaw(of url: [UInt8]) -> String? {
        let problem = WebURL.problem(url.span, policy: policy)
        var judge = URLJudge(policy: policy)
        for turn in ["at first", "from memory"] where judge.problem(url.span) != problem {
            return "the judge gives a different verdict \(turn)"
        }
        guard problem == nil else { return nil }
        guard let text = String(validating: url, as: UTF8.self) else { return "accepted, but not UTF-8" }
        guard let parsed = try? ParsedURL(text) else { return "accepted, but curl cannot parse it" }
        guard ["http", "https"].contains(parsed.scheme) else { return "accepted with the scheme \(parsed.scheme)" }
        return addresses(of: parsed.host).first { !policy.permits($0) }.map { "accepted, but means \($0)" }
    }

    /// The address that a C library reads in a host without a DNS query, including old notations.
    private static func addresses(of host: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        guard getaddrinfo(bare, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var out: [IPAddress] = []
        var next = first
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            if let address = IPAddress(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)) {
                out.append(address)
            }
            next = entry.pointee.ai_next
        }
        return out
    }
}
