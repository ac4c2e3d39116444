// Selects the bodies that are copied into an open transaction while they arrive (``EagerCopy``). Loop-bound: one per
// loop.
import Engine

/// Admits large bodies that arrive fast, from clients whose last signature was valid. Admits one body at a time,
/// because the loop's other database connections are for other requests.
final class EagerLane {
    /// A body with fewer bytes of rows is not large.
    static let rowBytesMin = Spool.memoryBytes / 2

    private let loop: Loop
    private let database: Database
    private let shared: SharedState
    private let bytesPerSecondMin: Double
    private var isTaken = false

    /// - Parameter bytesPerSecondMin: a slower sender would keep a transaction open for too long.
    init(on loop: Loop, database: Database, shared: SharedState, bytesPerSecondMin: Double) {
        self.loop = loop
        self.database = database
        self.shared = shared
        self.bytesPerSecondMin = bytesPerSecondMin
    }

    /// - Parameters:
    /// - spool: holds the rows so far; an admitted body takes them from it.
    /// - seconds: time since the body began.
    /// - Returns: nil if the body stays in the spool.
    func enter(_ client: IPAddress, with spool: Spool, after seconds: Double) -> EagerCopy? {
        let rate = Double(spool.heldBytes) / max(seconds, 0.001)
        guard rate >= bytesPerSecondMin, !isTaken, shared.known.isKnown(client),
            shared.isMigrated, database.isAvailable, let rows = spool.takeMemory()
        else { return nil }
        isTaken = true
        return EagerCopy(on: loop, database: database, beginning: rows, whenEnded: { self.isTaken = false })
    }

    /// The client's signature was valid.
    func remember(_ client: IPAddress) { shared.known.remember(client) }

    /// The client's signature was invalid, or its rows could not be stored: its next body goes to the spool.
    func forget(_ client: IPAddress) { shared.known.forget(client) }
}
