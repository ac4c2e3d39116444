// The keys that callers sign with, and the rules for their signatures (C1.1, C1.6). Pure values. Thread: any.

/// `SHARED_KEY` and, during a rotation, `SHARED_KEY_PREVIOUS`. The service signs
/// with the first and accepts both (C1.6).
public struct SignatureKeys: Sendable {
    public let shared: KeyedHash
    public let previous: KeyedHash?

    public init(shared: String, previous: String? = nil) {
        self.shared = KeyedHash(key: Array(shared.utf8))
        self.previous = previous.map { KeyedHash(key: Array($0.utf8)) }
    }

    /// Returns `sha256=` and the HMAC's 64 lower-case digits, with `SHARED_KEY`.
    public func sign(_ bytes: Span<UInt8>) -> String { SignatureKeys.prefix + shared.digest(of: bytes).hex }
    public func sign(_ bytes: [UInt8]) -> String { sign(bytes.span) }
    public func sign(_ text: String) -> String { sign(Array(text.utf8)) }

    /// Checks that `header` signs `text` with one of the keys (C1.1).
    /// - Throws: MISSING_SIGNATURE (401) if the header is missing or empty,
    ///   INVALID_SIGNATURE (403) if it is wrong or malformed.
    public func check(_ header: ArraySlice<UInt8>?, over text: Span<UInt8>) throws(ServiceError) {
        let claim = try SignatureKeys.parse(header)
        var run = begin()
        run.update(text)
        guard run.matches(claim) else { throw SignatureKeys.invalid }
    }

    public func check(_ header: String?, over text: [UInt8]) throws(ServiceError) {
        try check(header.map { Array($0.utf8)[...] }, over: text.span)
    }
    public func check(_ header: String?, over text: String) throws(ServiceError) {
        try check(header, over: Array(text.utf8))
    }

    /// Starts the check of a text that arrives in pieces, hashed with every key.
    public func begin() -> SignatureRun { SignatureRun(shared: shared.begin(), previous: previous?.begin()) }

    static let prefix = "sha256="

    /// Parses the digest that a signature claims (C1.1).
    static func parse(_ signature: String?) throws(ServiceError) -> Digest {
        try parse(signature.map { Array($0.utf8)[...] })
    }

    static func parse(_ signature: ArraySlice<UInt8>?) throws(ServiceError) -> Digest {
        guard let text = signature, !text.isEmpty else {
            throw ServiceError(.missingSignature, "Missing HMAC signature: send it in the X-Signature header")
        }
        guard text.starts(with: prefix.utf8), let digest = Digest(hex: text.dropFirst(prefix.utf8.count)) else {
            throw malformed
        }
        return digest
    }

    static let malformed = ServiceError(
        .invalidSignature, "Malformed HMAC signature: expected 'sha256=' followed by 64 hexadecimal digits")
    static let invalid = ServiceError(.invalidSignature, "Invalid HMAC signature")
}

/// A running signature check of one text with all accepted keys. Copying it copies the state.
public struct SignatureRun: Sendable {
    private var shared: KeyedHash.Run
    private var previous: KeyedHash.Run?

    init(shared: KeyedHash.Run, previous: KeyedHash.Run?) {
        self.shared = shared
        self.previous = previous
    }

    public mutating func update(_ bytes: Span<UInt8>) {
        shared.update(bytes)
        previous?.update(bytes)
    }

    public mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    /// Hashes of the HMACs, one per key, the current key first. They identify a
    /// text but, unlike an HMAC, do not sign it.
    public var fingerprints: [Digest] {
        [shared, previous].compactMap { run in
            guard let run else { return nil }
            var hash = ContentHash()
            hash.update(run.finish())
            return hash.finish()
        }
    }

    /// Returns true if `claim` is the HMAC of all bytes so far, under either key.
    public func matches(_ claim: Digest) -> Bool {
        let isShared = shared.finish() == claim
        let isPrevious = previous.map { $0.finish() == claim } ?? false
        return isShared || isPrevious
    }
}

extension SignatureRun {
    mutating func update(_ literal: StaticString) {
        // Unsafe: a StaticString's bytes are constant and never freed.
        unsafe update(
            Span(
                _unsafeElements: UnsafeBufferPointer(
                    start: literal.utf8Start, count: literal.utf8CodeUnitCount)))
    }
}
