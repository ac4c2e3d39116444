// SHA-256 through OpenSSL's copyable context. A value: it owns no C memory and frees nothing. Thread: any.
import CShims

/// 32 bytes of SHA-256. `==` runs in constant time, so it may compare secrets.
public struct Digest: Equatable, Sendable {
    public static let count = 32
    var bytes = InlineArray<32, UInt8>(repeating: 0)

    init() {}

    /// Parses exactly 64 hexadecimal digits in either case; returns nil for any other text.
    public init?(hex: some Collection<UInt8>) {
        guard hex.count == 2 * Digest.count else { return nil }
        for (index, digit) in hex.enumerated() {
            guard let value = Hex.value(digit) else { return nil }
            bytes[index / 2] = bytes[index / 2] << 4 | value
        }
    }

    public static func == (a: Digest, b: Digest) -> Bool {
        a.bytes.span.withUnsafeBytes { left in
            b.bytes.span.withUnsafeBytes { right in
                CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
            }
        }
    }

    /// The 32 bytes.
    public var array: [UInt8] { bytes.indices.map { bytes[$0] } }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hex.text(array) }
}

/// A running SHA-256. Copying it copies the state.
public struct ContentHash: Sendable {
    private var context = SHA256_CTX()

    public init() { shim_sha256_init(&context) }

    public mutating func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBytes { shim_sha256_update(&context, $0.baseAddress, $0.count) }
    }

    public mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    mutating func update(_ digest: Digest) { update(digest.bytes.span) }

    /// Returns the digest of all bytes so far. The running state stays usable.
    public func finish() -> Digest {
        var last = context
        var digest = Digest()
        var out = digest.bytes.mutableSpan
        out.withUnsafeMutableBufferPointer { shim_sha256_final(&last, $0.baseAddress) }
        return digest
    }
}
