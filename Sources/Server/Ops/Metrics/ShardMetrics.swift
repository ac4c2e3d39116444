// All that is counted in one shard. Written on its loop, read on any thread.
import Engine

extension RateClass: MetricLabel {}

/// The metrics of a shard: of its loop, of the Engine's parts on it, which they are passed to, and of its endpoints.
final class ShardMetrics: Sendable {
    /// What becomes of request bodies.
    enum Intake: Int, MetricLabel {
        /// Body bytes received.
        case bytes
        /// Lots of requests that were valid.
        case lots
        /// Bodies being read or stored.
        case inFlight
        /// Memory set aside for them.
        case heldBytes
        /// Requests turned away because there was no room.
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

    /// - Parameter patterns: the paths that requests are told apart by; the last place is for all others.
    init(_ loop: LoopMetrics, patterns: [String]) {
        self.loop = loop
        requests = RequestMetrics(patterns: patterns)
    }
}
