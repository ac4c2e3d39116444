// All that is counted in one shard. Written on its loop, read on any thread.
import Engine

extension RateClass: MetricLabel {}

/// A shard's figures: its loop's, which are the Engine's, and those of its endpoints.
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
    let requests = RequestMetrics()
    let intake = Counts<Intake>()
    let admitted = Counts<RateClass>()
    let refused = Counts<RateClass>()

    init(_ loop: LoopMetrics) { self.loop = loop }
}
