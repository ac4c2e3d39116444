// IP addresses and networks as values. Pure; any thread.
import Glibc

/// An IPv4 or IPv6 address, without port or zone.
public struct IPAddress: Hashable, Sendable {
    public enum Family: Sendable { case v4, v6 }

    public let family: Family
    /// The first eight bytes of an IPv6 address; 0 for IPv4.
    let high: UInt64
    /// The last eight bytes of an IPv6 address; the four bytes of IPv4.
    let low: UInt64

    public init(v4 bits: UInt32) {
        family = .v4
        high = 0
        low = UInt64(bits)
    }

    public init(v6 high: UInt64, _ low: UInt64) {
        family = .v6
        self.high = high
        self.low = low
    }

    /// Parses four decimal numbers, or an RFC 4291 text. Accepts no brackets, no zone and no other spelling.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard !text.utf8.contains(0) else { return nil }  // C would read only up to the NUL
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(v4: UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self.init(six)
    }

    public init(_ address: in6_addr) {
        let halves = withUnsafeBytes(of: address) { bytes in
            (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.init(v6: UInt64(bigEndian: halves.0), UInt64(bigEndian: halves.1))
    }

    /// Number of significant bits: 32 or 128.
    public var width: Int {
        switch family {
        case .v4: 32
        case .v6: 128
        }
    }

    /// The IPv4 address inside `::ffff:a.b.c.d`, the form in which a dual-stack socket
    /// reports an IPv4 peer; otherwise itself.
    public var unmapped: IPAddress {
        guard family == .v6, high == 0, low >> 32 == 0xFFFF else { return self }
        return IPAddress(v4: UInt32(truncatingIfNeeded: low))
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical text (RFC 5952).
    public var description: String {
        switch family {
        case .v4:
            let bytes: [UInt64] = [low >> 24, low >> 16, low >> 8, low]
            return bytes.map { String($0 & 0xFF) }.joined(separator: ".")
        case .v6:
            var bytes = (high.bigEndian, low.bigEndian)
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            inet_ntop(AF_INET6, &bytes, &text, socklen_t(text.count))
            return String(cBuffer: text)
        }
    }
}

/// The reason why a text is not a network.
public enum CIDRError: Error, Equatable, Sendable {
    case notAnAddress(String)
    case badPrefix(String)
    /// `10.1.2.3/8` is ambiguous: it can mean one address or a network.
    case hostBitsSet(String)
}

extension CIDRError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAnAddress(let text): "\"\(text)\" is not an IP address or network"
        case .badPrefix(let text): "\"\(text)\" has a prefix length that does not fit its address"
        case .hostBitsSet(let text): "\"\(text)\" has bits set after its prefix"
        }
    }
}

/// A network: an address and the number of its leading bits that count.
public struct CIDR: Hashable, Sendable {
    public let network: IPAddress
    /// 0 to 32 for IPv4, 0 to 128 for IPv6.
    public let prefix: Int

    /// Clamps `prefix` to the address's width and clears the bits after it.
    public init(_ address: IPAddress, prefix: Int) {
        let prefix = max(0, min(prefix, address.width))
        self.prefix = prefix
        let (high, low) = CIDR.mask(address.family, prefix)
        switch address.family {
        case .v4: network = IPAddress(v4: UInt32(address.low & low))
        case .v6: network = IPAddress(v6: address.high & high, address.low & low)
        }
    }

    /// Parses `10.0.0.0/8`, `fd00::/8`, or a single address.
    public init(parsing text: some StringProtocol) throws(CIDRError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { throw .notAnAddress(String(text)) }
        guard parts.count == 2 else {
            self.init(address, prefix: address.width)
            return
        }
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let prefix = Int(parts[1]), prefix <= address.width
        else { throw .badPrefix(String(text)) }
        self.init(address, prefix: prefix)
        if network != address { throw .hostBitsSet(String(text)) }
    }

    /// Compares within one family only: an IPv4-mapped IPv6 address is not in an
    /// IPv4 network. See ``IPAddress/unmapped``.
    public func contains(_ address: IPAddress) -> Bool {
        guard address.family == network.family else { return false }
        let (high, low) = CIDR.mask(network.family, prefix)
        return address.high & high == network.high && address.low & low == network.low
    }

    /// The bits that count. Relies on Swift: a shift by the width or more gives 0.
    private static func mask(_ family: IPAddress.Family, _ prefix: Int) -> (high: UInt64, low: UInt64) {
        switch family {
        case .v4: (0, (UInt64.max << (32 - prefix)) & 0xFFFF_FFFF)
        case .v6: (UInt64.max << max(0, 64 - prefix), prefix > 64 ? UInt64.max << (128 - prefix) : 0)
        }
    }
}

extension CIDR: CustomStringConvertible {
    public var description: String { "\(network)/\(prefix)" }
}
