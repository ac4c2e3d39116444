// A session-level advisory lock on a connection of its own. PostgreSQL frees the lock when that connection ends, so
// also when this process is killed. Frees nothing itself. Thread: the loop's.

/// One lock, held as long as its connection lives. After a loss it is not taken
/// again automatically: `lost` is called.
public final class AdvisoryLock {
    /// Longest wait for the server's answer, seconds.
    private static let answerSeconds = 5.0

    private let loop: Loop
    private let configuration: DatabaseConfiguration
    private let settings: ConnectionSettings?
    private let statement: Statement
    private var connection: PGConnection?
    private var rotation = 0
    private var isClosed = false
    public private(set) var isHeld = false

    /// Called on the loop when the connection that held the lock has ended.
    public var lost: (() -> Void)?

    /// - Parameter statement: tries to take the lock of `$1` and returns whether it got it.
    public init(on loop: Loop, configuration: DatabaseConfiguration, statement: Statement) {
        loop.assertOnLoop()
        self.loop = loop
        self.configuration = configuration
        self.statement = statement
        settings = ConnectionSettings(configuration)
    }

    /// Tries once to take the lock.
    /// - Returns: false if another connection holds it.
    public func take(_ key: String) async throws(DatabaseError) -> Bool {
        precondition(!isHeld, "the lock is already held")
        let connection = try await connected()
        let rows = try await connection.run(
            statement, [.text(key)], limitSeconds: Self.answerSeconds, cancelled: { connection.drop(.cancelled) })
        // The connection may have ended since the answer came.
        isHeld = rows[0].bool(0) && self.connection === connection
        return isHeld
    }

    /// Ends the connection and so releases the lock; calls `lost`.
    public func drop() {
        connection?.drop(.unavailable("the lock was released"))
    }

    public func close() {
        isClosed = true
        drop()
    }

    private func connected() async throws(DatabaseError) -> PGConnection {
        if let connection, connection.isReady { return connection }
        guard !isClosed, let settings else { throw .unavailable(configuration.problem ?? "the lock is closed") }
        let new = PGConnection(on: loop, configuration: configuration, settings: settings, rotation: rotation)
        connection = new
        let result: Result<Void, DatabaseError>
        do {
            result = try await loop.park { (ticket: Ticket<Result<Void, DatabaseError>>) in
                ticket.whenCancelled = { new.drop(.cancelled) }
                new.ready = { ticket.resume(.success(())) }
                new.ended = { [weak self] error, cause in
                    self?.ended(cause)
                    ticket.resume(.failure(error))
                }
                new.connect()
            }
        } catch {
            throw .cancelled
        }
        try result.get()
        return new
    }

    private func ended(_ cause: ConnectionEnd) {
        connection = nil
        if cause == .silent { rotation += 1 }
        let wasHeld = isHeld
        isHeld = false
        if wasHeld, !isClosed { lost?() }
    }
}
