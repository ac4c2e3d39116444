// All counters of one shard. Written on its loop, read on any thread.
import Engine

extension RateClass: MetricLabel {}

/// The metrics of a shard: its loop, the Engine's parts on it (each gets its own), and its endpoints.
final class ShardMetrics: Sendable {
    /// Counters of request bodies.
    enum Intake: Int, MetricLabel {
        /// Body bytes received.
        case bytes
        /// Lots of valid requests.
        case lots
        /// Bodies being read or stored.
        case inFlight
        /// Memory set aside for these bodies, bytes.
        case heldBytes
        /// Requests refused because there was no room.
        case refused
    }

    let loop: LoopMetrics
    let database = DatabaseMetrics()
    let provider = ProviderMetrics()
    let webhooks = WebhookMetrics()
    let requests: RequestMetrics
    let intake = Counts<Intake>()
    let admitted = Counts<RateClass>()
    let refused = Counts<RateClass>()

    /// - Parameter patterns: paths with their own label; the last element stands for all others.
    init(_ loop: LoopMetrics, patterns: [String]) {
        self.loop = loop
        requests = RequestMetrics(patterns: patterns)
    }
}
