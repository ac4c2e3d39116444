// How often a lot is sent, and when sending it again cannot help. Pure.

/// A stage sends its lots in rounds. A lot whose line failed or is missing from every answer file lacks its result, so
/// the next round plans it again.
enum Rounds {
    /// Rounds of batches per stage before a lot fails; the last one sends its images inline (C5.4). A direct call ahead
    /// of the rounds does not count.
    static let max = 3
    /// Further rounds are only for lots of which the provider has just refused a picture.
    static let picturesMax = 8

    /// Whether sending the lot in `round` cannot help; it fails with its last reason then.
    static func isHopeless(_ lot: RemainingLot, inRound round: Int) -> Bool {
        !lot.curable || round > (lot.isWithoutRefused ? picturesMax : max)
    }

    /// The same for a direct call, where each failure counts as a round.
    static func isHopeless(_ lot: RemainingLot) -> Bool { !lot.curable || lot.failures >= max }

    /// Direct calls for a lot whose answers were lost, for example because the process died, before the lot fails. Each
    /// may have been paid for.
    static let lostMax = 8

    /// Whether the lot's images are sent inline with its next direct call.
    static func needsInlineImages(_ lot: RemainingLot) -> Bool {
        lot.imageDownloadFailed || lot.failures >= max - 1
    }
}
