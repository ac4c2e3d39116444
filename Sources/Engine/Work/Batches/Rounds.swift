// How often a lot is sent, and when nothing can help it any more. Pure.

/// A stage sends its lots in rounds. A lot whose line failed or is missing from every answer file lacks its result, so
/// the next round plans it again.
enum Rounds {
    /// Times that a lot is sent to the provider in a stage before it fails; the last time its images are sent along
    /// (C5.4).
    static let max = 3

    /// Sending the lot in `round` cannot help: it fails with its last reason.
    static func isHopeless(_ lot: RemainingLot, inRound round: Int) -> Bool { !lot.curable || round > max }

    /// The same for a lot that is asked for directly, where each failure counts as a round.
    static func isHopeless(_ lot: RemainingLot) -> Bool { !lot.curable || lot.failures >= max }

    /// The lot's images are sent along with its next direct call.
    static func needsInlineImages(_ lot: RemainingLot) -> Bool {
        lot.imageDownloadFailed || lot.failures == max - 1
    }
}
