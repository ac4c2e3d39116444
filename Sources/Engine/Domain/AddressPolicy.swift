// Decides which addresses a client's URL may lead to (C7). Pure; any thread.

/// Decides about single addresses. A name is judged after its resolution, by the address that is really connected to.
public struct AddressPolicy: Hashable, Sendable {
    /// Networks that are open although IANA's registries list them as not globally reachable.
    public let allowed: [CIDR]

    public init(allowed: [CIDR] = []) { self.allowed = allowed }

    /// C7: returns false for an address that IANA's special-purpose registries list as not
    /// globally reachable, unless `allowed` opens it.
    public func permits(_ address: IPAddress) -> Bool {
        if allowed.contains(where: { $0.contains(address) }) { return true }
        switch address.family {
        case .v4: return AddressPolicy.isGlobal4(address)
        case .v6:
            if let inner = AddressPolicy.embedded(in: address) { return permits(inner) }
            return AddressPolicy.isGlobal6(address)
        }
    }

    private static func isGlobal4(_ address: IPAddress) -> Bool {
        guard special4.contains(where: { $0.contains(address) }) else { return true }
        return global4.contains { $0.contains(address) }
    }

    private static func isGlobal6(_ address: IPAddress) -> Bool {
        guard special6.contains(where: { $0.contains(address) }) else { return true }
        return global6.contains { $0.contains(address) }
    }

    /// The IPv4 address that a packet to this IPv6 address reaches, if one is embedded in it.
    private static func embedded(in address: IPAddress) -> IPAddress? {
        if mapped.contains(address) || translated.contains(address) || nat64.contains(address) {
            return IPAddress(v4: UInt32(truncatingIfNeeded: address.low))
        }
        if sixToFour.contains(address) { return IPAddress(v4: UInt32(truncatingIfNeeded: address.high >> 16)) }
        return nil
    }

    private static func net4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, _ prefix: Int) -> CIDR {
        CIDR(IPAddress(v4: a << 24 | b << 16 | c << 8 | d), prefix: prefix)
    }

    private static func net6(_ high: UInt64, _ prefix: Int) -> CIDR { net6(high, 0, prefix) }

    private static func net6(_ high: UInt64, _ low: UInt64, _ prefix: Int) -> CIDR {
        CIDR(IPAddress(v6: high, low), prefix: prefix)
    }

    private static let mapped = net6(0, 0xFFFF_0000_0000, 96)
    private static let translated = net6(0, 0xFFFF_0000_0000_0000, 96)
    private static let nat64 = net6(0x0064_FF9B_0000_0000, 96)
    private static let sixToFour = net6(0x2002_0000_0000_0000, 16)

    /// https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast.
    private static let special4: [CIDR] = [
        net4(0, 0, 0, 0, 8),  // this network
        net4(10, 0, 0, 0, 8),  // private
        net4(100, 64, 0, 0, 10),  // shared by carriers
        net4(127, 0, 0, 0, 8),  // loopback
        net4(169, 254, 0, 0, 16),  // link-local, and the clouds' metadata
        net4(172, 16, 0, 0, 12),  // private
        net4(192, 0, 0, 0, 24),  // protocol assignments
        net4(192, 0, 2, 0, 24),  // documentation
        net4(192, 88, 99, 0, 24),  // 6to4 relays, deprecated
        net4(192, 168, 0, 0, 16),  // private
        net4(198, 18, 0, 0, 15),  // benchmarks
        net4(198, 51, 100, 0, 24),  // documentation
        net4(203, 0, 113, 0, 24),  // documentation
        net4(224, 0, 0, 0, 4),  // multicast
        net4(240, 0, 0, 0, 4),  // reserved, limited broadcast
    ]

    /// Networks inside `special4` that are globally reachable.
    private static let global4: [CIDR] = [
        net4(192, 0, 0, 9, 32),  // Port Control Protocol anycast
        net4(192, 0, 0, 10, 32),  // TURN anycast
    ]

    /// https://www.iana.org/assignments/iana-ipv6-special-registry, multicast, and deprecated networks.
    private static let special6: [CIDR] = [
        net6(0, 0, 96),  // unspecified, loopback, IPv4-compatible
        net6(0x0064_FF9B_0001_0000, 48),  // local-use translation
        net6(0x0100_0000_0000_0000, 64),  // discard
        net6(0x0100_0000_0000_0001, 64),  // dummy prefix
        net6(0x2001_0000_0000_0000, 23),  // protocol assignments, Teredo
        net6(0x2001_0DB8_0000_0000, 32),  // documentation
        net6(0x3FFF_0000_0000_0000, 20),  // documentation
        net6(0x5F00_0000_0000_0000, 16),  // segment routing
        net6(0xFC00_0000_0000_0000, 7),  // unique-local
        net6(0xFE80_0000_0000_0000, 10),  // link-local
        net6(0xFEC0_0000_0000_0000, 10),  // site-local, deprecated
        net6(0xFF00_0000_0000_0000, 8),  // multicast
    ]

    /// Networks inside `special6` that are globally reachable.
    private static let global6: [CIDR] = [
        net6(0x2001_0001_0000_0000, 1, 128),  // Port Control Protocol anycast
        net6(0x2001_0001_0000_0000, 2, 128),  // TURN anycast
        net6(0x2001_0001_0000_0000, 3, 128),  // DNS-SD registration anycast
        net6(0x2001_0003_0000_0000, 32),  // AMT
        net6(0x2001_0004_0112_0000, 48),  // AS112
        net6(0x2001_0020_0000_0000, 28),  // ORCHIDv2
        net6(0x2001_0030_0000_0000, 28),  // drone remote identification
    ]
}
