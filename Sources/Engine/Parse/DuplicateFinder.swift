// Finds repeated lot_ids while lots stream by (C3.2). Pure. Thread: any.

/// Remembers 16 bytes of each id, whatever its length.
struct DuplicateFinder {
    /// Two SipHashes under the process's random key: callers can neither find collisions nor, by chance, meet one.
    private struct Fingerprint: Hashable {
        let high: Int
        let low: Int

        init(_ id: Span<UInt8>) {
            high = Fingerprint.hash(id, salt: 0)
            low = Fingerprint.hash(id, salt: 1)
        }

        private static func hash(_ id: Span<UInt8>, salt: UInt8) -> Int {
            var hasher = Hasher()
            hasher.combine(salt)
            id.withUnsafeBytes { hasher.combine(bytes: $0) }
            return hasher.finalize()
        }
    }

    private var seen: Set<Fingerprint> = []
    private var repeated: Set<Fingerprint> = []
    /// The first ids that came more than once, each once (C3.4).
    private(set) var ids: [String] = []
    /// How many different ids came more than once.
    var count: Int { repeated.count }

    mutating func add(_ id: Span<UInt8>) {
        let fingerprint = Fingerprint(id)
        guard !seen.insert(fingerprint).inserted, repeated.insert(fingerprint).inserted else { return }
        guard ids.count < Limits.detailEntries else { return }
        ids.append(id.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }
}
