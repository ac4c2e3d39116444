// How much request bodies may hold in memory at a time, until they are stored or refused. Loop-bound: one a shard.
import Engine

/// Admits bodies up to a sum of what they may hold; beyond it the service says at once that it is overloaded (C4.5).
/// A body holds its place for as long as it takes to arrive, and its signature is not known yet: so no client gets more
/// than a quarter of the sum, and one that sends slowly shuts out nobody but itself.
final class IngestGate {
    /// For all bodies of a shard.
    static let bytesMax = 256 * 1024 * 1024
    /// For all bodies of one client.
    static let clientBytesMax = bytesMax / 4
    /// What one body holds at most: the spool's memory twice, the reader's lot and its canonical form.
    static let bodyBytesMax = 4 * 1024 * 1024
    /// What the smallest one holds.
    static let bodyBytesMin = 16 * 1024

    /// What one body may hold, from its first byte until it is stored or refused.
    final class Place {
        private let gate: IngestGate
        private let client: IPAddress
        private var weight: Int

        fileprivate init(_ gate: IngestGate, _ client: IPAddress, _ weight: Int) {
            self.gate = gate
            self.client = client
            self.weight = weight
        }

        /// Idempotent.
        func leave() {
            guard weight > 0 else { return }
            gate.giveBack(weight, of: client)
            weight = 0
            gate.publish(entered: -1)
        }
    }

    private let metrics: Counts<ShardMetrics.Intake>
    private var held = 0
    /// What each client's bodies hold of it; only those that hold something.
    private var clients: [IPAddress: Int] = [:]

    init(metrics: Counts<ShardMetrics.Intake> = .init()) { self.metrics = metrics }

    /// - Parameter length: of the body if it is known.
    /// - Returns: nil if there is no room, or none for this client.
    func enter(_ client: IPAddress, length: Int?) -> Place? {
        let weight = min(max(length ?? IngestGate.bodyBytesMax, IngestGate.bodyBytesMin), IngestGate.bodyBytesMax)
        let own = clients[client, default: 0] + weight
        guard held + weight <= IngestGate.bytesMax, own <= IngestGate.clientBytesMax else {
            metrics.add(.refused)
            return nil
        }
        held += weight
        clients[client] = own
        publish(entered: 1)
        return Place(self, client, weight)
    }

    private func giveBack(_ weight: Int, of client: IPAddress) {
        held -= weight
        let own = clients[client, default: 0] - weight
        clients[client] = own > 0 ? own : nil
    }

    private func publish(entered: Int) {
        metrics.add(.inFlight, entered)
        metrics.set(.heldBytes, to: held)
    }
}
