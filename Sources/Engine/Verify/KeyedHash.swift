// HMAC-SHA256 (RFC 2104) with the two key pads hashed once and saved: a short message costs two blocks instead of
// four, and no allocation. A value: nothing to free. Thread: any.

/// A key, ready to sign. Holds no key bytes, only the hash states after its pads.
public struct KeyedHash: Sendable {
    private var inner = ContentHash()
    private var outer = ContentHash()

    public init(key: [UInt8]) {
        let block = 64
        var pad = key
        if key.count > block {
            var hash = ContentHash()
            hash.update(key)
            pad = hash.finish().array
        }
        pad += [UInt8](repeating: 0, count: block - pad.count)
        inner.update(pad.map { $0 ^ 0x36 })
        outer.update(pad.map { $0 ^ 0x5C })
    }

    /// The HMAC of one message.
    public func digest(of bytes: Span<UInt8>) -> Digest {
        var run = begin()
        run.update(bytes)
        return run.finish()
    }

    public func digest(of bytes: [UInt8]) -> Digest { digest(of: bytes.span) }

    /// The HMAC of a message that comes in pieces.
    public func begin() -> Run { Run(inner: inner, outer: outer) }

    /// A running HMAC. Copying it copies the state.
    public struct Run: Sendable {
        private var inner: ContentHash
        private let outer: ContentHash

        init(inner: ContentHash, outer: ContentHash) {
            self.inner = inner
            self.outer = outer
        }

        public mutating func update(_ bytes: Span<UInt8>) { inner.update(bytes) }
        public mutating func update(_ bytes: [UInt8]) { inner.update(bytes.span) }

        public func finish() -> Digest {
            var last = outer
            last.update(inner.finish())
            return last.finish()
        }
    }
}
