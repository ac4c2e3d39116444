// Decides which bodies are copied into an open transaction while they still come in (``EagerCopy``). Loop-bound: one
// per loop.
import Engine

/// Lets large bodies in that arrive fast, from clients whose last signature held: one at a time, because the loop's
/// other connections are for other requests.
final class EagerLane {
    /// A body with fewer bytes of rows is not large.
    static let rowBytesMin = Spool.memoryBytes / 2

    private let loop: Loop
    private let database: Database
    private let shared: SharedState
    private let bytesPerSecondMin: Double
    private var isTaken = false

    /// - Parameter bytesPerSecondMin: a slower sender would hold a transaction open for too long.
    init(on loop: Loop, database: Database, shared: SharedState, bytesPerSecondMin: Double) {
        self.loop = loop
        self.database = database
        self.shared = shared
        self.bytesPerSecondMin = bytesPerSecondMin
    }

    /// - Parameters:
    ///   - spool: holds the rows so far; they are taken from it if the body is let in.
    ///   - seconds: since the body began.
    /// - Returns: nil if the body stays in the spool.
    func enter(_ client: IPAddress, with spool: Spool, after seconds: Double) -> EagerCopy? {
        let rate = Double(spool.heldBytes) / max(seconds, 0.001)
        guard rate >= bytesPerSecondMin, !isTaken, shared.known.isKnown(client),
            shared.isMigrated, database.isAvailable, let rows = spool.takeMemory()
        else { return nil }
        isTaken = true
        return EagerCopy(on: loop, database: database, beginning: rows, whenEnded: { self.isTaken = false })
    }

    /// The client's signature held.
    func remember(_ client: IPAddress) { shared.known.remember(client) }

    /// The client's signature did not hold, or its rows could not be stored: its next body waits in the spool.
    func forget(_ client: IPAddress) { shared.known.forget(client) }
}
