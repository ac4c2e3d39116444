// Counts the open connections of each client on one loop. A value; its listener's thread.
import Engine

/// The number of connections per client. Each half-open head costs a connection for up to 30 s (C3). Without a limit
/// one address could take all of them.
struct ClientConnections {
    private let limit: Int
    private let unlimited: [CIDR]
    private var counts: [IPAddress: Int] = [:]

    /// - Parameter unlimited: trusted proxies, which connect for many clients (C3.1).
    init(limit: Int, unlimited: [CIDR]) {
        self.limit = limit
        self.unlimited = unlimited
    }

    /// The unit of counting: an IPv4 address, or an IPv6 network of 64 bits, because one line usually gets a whole such
    /// network.
    static func key(_ address: IPAddress) -> IPAddress {
        let address = address.unmapped
        return address.family == .v6 ? CIDR(address, prefix: 64).network : address
    }

    func isFull(_ client: IPAddress) -> Bool {
        guard (counts[ClientConnections.key(client)] ?? 0) >= limit else { return false }
        return !unlimited.contains { $0.contains(client.unmapped) }
    }

    mutating func opened(_ client: IPAddress) { counts[ClientConnections.key(client), default: 0] += 1 }

    mutating func closed(_ client: IPAddress) {
        let key = ClientConnections.key(client)
        let left = (counts[key] ?? 0) - 1
        counts[key] = left > 0 ? left : nil
    }
}
