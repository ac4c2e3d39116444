// A session-level advisory lock on a connection of its own. PostgreSQL frees it when that connection ends, so also when
// this process is killed. Frees nothing itself. Thread: the loop's.

/// One lock, held for as long as its connection is there. It is not taken again by itself: `lost` says when to.
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

    /// Called on the loop when the connection ended that held the lock.
    public var lost: (() -> Void)?

    /// - Parameter statement: tries to take the lock that belongs to `$1`, and says whether that was possible.
    public init(on loop: Loop, configuration: DatabaseConfiguration, statement: Statement) {
        loop.assertOnLoop()
        self.loop = loop
        self.configuration = configuration
        self.statement = statement
        settings = ConnectionSettings(configuration)
    }

    /// Tries once.
    /// - Returns: false: another connection holds it.
    public func take(_ key: String) async throws(DatabaseError) -> Bool {
        precondition(!isHeld, "one lock at a time")
        let connection = try await connected()
        let rows = try await connection.run(
            statement, [.text(key)], limitSeconds: Self.answerSeconds, cancelled: { connection.drop(.cancelled) })
        // It may have ended since the answer came.
        isHeld = rows[0].bool(0) && self.connection === connection
        return isHeld
    }

    /// Ends the connection, and what it holds with it; `lost` is called.
    public func drop() {
        connection?.drop(.unavailable("the lock is given up"))
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
