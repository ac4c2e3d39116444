// Finds repeated lot_ids while lots stream in (C3.2). Pure. Thread: any.

/// Keeps 16 bytes per id, whatever its length.
struct DuplicateFinder {
    private var seen = FingerprintSet()
    private var repeated = FingerprintSet()
    /// The first 100 repeated ids, each once (C3.4).
    private(set) var ids: [String] = []
    /// Number of different ids that were repeated.
    var count: Int { repeated.count }

    mutating func add(_ id: Span<UInt8>) {
        let fingerprint = Fingerprint(id)
        guard !seen.insert(fingerprint), repeated.insert(fingerprint) else { return }
        guard ids.count < Limits.detailEntries else { return }
        ids.append(id.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }
}

/// Two SipHashes under the process's random key. A client cannot construct
/// collisions, and chance ones are negligible.
private struct Fingerprint: Equatable {
    /// Marks an empty slot; `low` of a real fingerprint is odd, so it never equals this.
    static let none = Fingerprint()

    let high: Int
    let low: Int

    private init() { (high, low) = (0, 0) }

    init(_ id: Span<UInt8>) {
        high = Fingerprint.hash(id, salt: 0)
        low = Fingerprint.hash(id, salt: 1) | 1
    }

    private static func hash(_ id: Span<UInt8>, salt: UInt8) -> Int {
        var hasher = Hasher()
        hasher.combine(salt)
        id.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}

/// A hash set without a second hash: `Set` would hash the fingerprints again on each lookup and each growth.
private struct FingerprintSet {
    /// Open addressing: a power of two slots, at least half of them empty; probing
    /// starts at the slot that the low bits select.
    private var slots: [Fingerprint] = []
    private(set) var count = 0

    /// Returns false if the fingerprint was already present.
    mutating func insert(_ fingerprint: Fingerprint) -> Bool {
        if slots.count < 2 * (count + 1) { grow() }
        let slot = place(of: fingerprint)
        guard slots[slot] == .none else { return false }
        slots[slot] = fingerprint
        count += 1
        return true
    }

    private func place(of fingerprint: Fingerprint) -> Int {
        var slot = fingerprint.high & (slots.count - 1)
        while slots[slot] != .none, slots[slot] != fingerprint { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: .none, count: max(64, 2 * old.count))
        for fingerprint in old where fingerprint != .none { slots[place(of: fingerprint)] = fingerprint }
    }
}
