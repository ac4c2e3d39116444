// Bounds the memory of request bodies until they are stored or refused. Loop-bound: one per shard.
import Engine

/// Admits bodies up to a total of `bytesMax`; beyond it the service replies at once that it is overloaded (C4.5). A
/// body keeps its place while it arrives, and its signature is not known before it is complete. So one client gets a
/// quarter of the total at most, and a slow sender shuts out only itself.
final class IngestGate {
    /// Limit for all bodies of a shard.
    static let bytesMax = 256 * 1024 * 1024
    /// Limit for all bodies of one client.
    static let clientBytesMax = bytesMax / 4
    /// Weight of the largest body: the spool's memory twice, the reader's lot and its canonical form.
    static let bodyBytesMax = 4 * 1024 * 1024
    /// Weight of the smallest body.
    static let bodyBytesMin = 16 * 1024

    /// The place of one body in the gate, from its first byte until it is stored or refused.
    final class Place {
        private let gate: IngestGate
        private let client: IPAddress
        private var weight: Int

        fileprivate init(_ gate: IngestGate, _ client: IPAddress, _ weight: Int) {
            self.gate = gate
            self.client = client
            self.weight = weight
        }

        /// Gives the place back. Idempotent.
        func leave() {
            guard weight > 0 else { return }
            gate.giveBack(weight, of: client)
            weight = 0
            gate.publish(entered: -1)
        }
    }

    private let metrics: Counts<ShardMetrics.Intake>
    private var held = 0
    /// The bytes held per client; clients that hold none are absent.
    private var clients: [IPAddress: Int] = [:]

    init(metrics: Counts<ShardMetrics.Intake> = .init()) { self.metrics = metrics }

    /// - Parameter length: of the body; nil if it is unknown.
    /// - Returns: nil if the total or this client's share is exhausted.
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
