// How much request bodies may hold in memory at a time, until they are stored or refused. Loop-bound: one a shard.
import Engine

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
            guard weight > 0 else { return }
            gate.held -= weight
            weight = 0
            gate.publish(entered: -1)
        }
    }

    private let metrics: Counts<ShardMetrics.Intake>
    private var held = 0

    init(metrics: Counts<ShardMetrics.Intake> = .init()) { self.metrics = metrics }

    /// - Parameter length: of the body if it is known.
    /// - Returns: nil if there is no room.
    func enter(length: Int?) -> Place? {
        let weight = min(max(length ?? IngestGate.bodyBytesMax, IngestGate.bodyBytesMin), IngestGate.bodyBytesMax)
        guard held + weight <= IngestGate.bytesMax else {
            metrics.add(.refused)
            return nil
        }
        held += weight
        publish(entered: 1)
        return Place(self, weight)
    }

    private func publish(entered: Int) {
        metrics.add(.inFlight, entered)
        metrics.set(.heldBytes, to: held)
    }
}
