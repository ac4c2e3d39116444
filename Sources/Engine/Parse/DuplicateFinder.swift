// Finds repeated lot_ids while lots stream by (C3.2). Pure. Thread: any.

/// Remembers 16 bytes of each id, whatever its length.
struct DuplicateFinder {
    private var seen = FingerprintSet()
    private var repeated = FingerprintSet()
    /// The first ids that came more than once, each once (C3.4).
    private(set) var ids: [String] = []
    /// How many different ids came more than once.
    var count: Int { repeated.count }

    mutating func add(_ id: Span<UInt8>) {
        let fingerprint = Fingerprint(id)
        guard !seen.insert(fingerprint), repeated.insert(fingerprint) else { return }
        guard ids.count < Limits.detailEntries else { return }
        ids.append(id.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }
}

/// Two SipHashes under the process's random key: callers can neither find collisions nor, by chance, meet one.
private struct Fingerprint: Equatable {
    /// That of no id.
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

/// A `Set` would hash the hashes again, for each look and each time it grows; these are as good as random already.
private struct FingerprintSet {
    /// A power of two, half of them empty at least; the one that a fingerprint's bits name, or the next that is free.
    private var slots: [Fingerprint] = []
    private(set) var count = 0

    /// False if it was there.
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
