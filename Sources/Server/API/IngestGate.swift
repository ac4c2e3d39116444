// How much request bodies may hold in memory at a time, until they are stored or refused. Loop-bound: one a shard.

/// Admits bodies up to a sum of what they may hold; beyond it the service says at once that it is overloaded (C4.5).
final class IngestGate {
    /// For all bodies of a shard.
    static let bytesMax = 256 * 1024 * 1024
    /// What one body holds at most: the spool's memory twice, the reader's lot and its canonical form.
    static let bodyBytesMax = 4 * 1024 * 1024
    /// What the smallest one holds.
    static let bodyBytesMin = 16 * 1024

    /// What one body may hold, from its first byte until it is stored or refused.
    final class Place {
        private let gate: IngestGate
        private var weight: Int

        fileprivate init(_ gate: IngestGate, _ weight: Int) {
            self.gate = gate
            self.weight = weight
        }

        /// Idempotent.
        func leave() {
            gate.held -= weight
            weight = 0
        }
    }

    private var held = 0

    /// - Parameter length: of the body if it is known.
    /// - Returns: nil if there is no room.
    func enter(length: Int?) -> Place? {
        let weight = min(max(length ?? IngestGate.bodyBytesMax, IngestGate.bodyBytesMin), IngestGate.bodyBytesMax)
        guard held + weight <= IngestGate.bytesMax else { return nil }
        held += weight
        return Place(self, weight)
    }
}
