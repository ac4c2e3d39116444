// How much request bodies may hold in memory at a time. Loop-bound: one a shard.

/// Admits bodies up to a sum of what they may hold; beyond it the service says at once that it is overloaded (C4.5).
final class IngestGate {
    /// For all bodies of a shard.
    static let bytesMax = 256 * 1024 * 1024
    /// What one body holds at most: the spool's memory twice, the reader's lot and its canonical form.
    static let bodyBytesMax = 4 * 1024 * 1024
    /// What the smallest one holds.
    static let bodyBytesMin = 16 * 1024

    private var held = 0

    /// - Parameter length: of the body if it is known.
    /// - Returns: what to give back; nil if there is no room.
    func enter(length: Int?) -> Int? {
        let weight = min(max(length ?? IngestGate.bodyBytesMax, IngestGate.bodyBytesMin), IngestGate.bodyBytesMax)
        guard held + weight <= IngestGate.bytesMax else { return nil }
        held += weight
        return weight
    }

    func leave(_ weight: Int) { held -= weight }
}
