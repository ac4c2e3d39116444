// HMAC-SHA256 (RFC 2104) with precomputed states of both key pads: a short message costs two blocks instead of four,
// and no allocation. A value: nothing to free. Thread: any.

/// A key that is ready to sign. Holds only the hash states after its pads, not the key's bytes.
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

    /// Returns the HMAC of one message.
    public func digest(of bytes: Span<UInt8>) -> Digest {
        var run = begin()
        run.update(bytes)
        return run.finish()
    }

    public func digest(of bytes: [UInt8]) -> Digest { digest(of: bytes.span) }

    /// Starts the HMAC of a message that arrives in pieces.
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
