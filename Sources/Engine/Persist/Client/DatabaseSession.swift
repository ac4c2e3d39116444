// An exclusive connection as its borrower sees it. Frees nothing. Thread: the loop's.

/// A connection lent by ``Database/session(_:)`` or ``Database/transaction(_:)``; unusable after their body has
/// ended. Cancelling the task during a statement drops the connection with its open transaction.
public final class DatabaseSession {
    private var connection: PGConnection?
    private let limitSeconds: Double
    private var isInTransaction = false

    private static let begin = Statement("begin", "BEGIN")
    private static let commit = Statement("commit", "COMMIT")
    private static let rollback = Statement("rollback", "ROLLBACK")

    init(_ connection: PGConnection) {
        self.connection = connection
        limitSeconds = connection.configuration.limitSeconds
    }

    /// Runs one statement. Statements issued together are pipelined, in their order.
    public func query(_ statement: Statement, _ values: [PGValue] = []) async throws(DatabaseError) -> Rows {
        try await query(statement, values, limitSeconds: limitSeconds)
    }

    /// As ``query(_:_:)`` with another client-side limit for this statement; nil means none. The server's limit
    /// (`statement_timeout`) is changed with `SET LOCAL`.
    public func query(
        _ statement: Statement, _ values: [PGValue] = [], limitSeconds: Double?
    ) async throws(DatabaseError) -> Rows {
        let connection = try open()
        do {
            return try await connection.run(
                statement, values, limitSeconds: limitSeconds, cancelled: { connection.drop(.cancelled) })
        } catch {
            throw told(error)
        }
    }

    /// Runs a fixed script of several statements, for migrations and settings. Never put values into it.
    /// - Parameter limitSeconds: client-side limit; nil means none.
    public func execute(_ script: String, limitSeconds: Double?) async throws(DatabaseError) {
        let connection = try open()
        do {
            _ = try await connection.run(
                script: script, limitSeconds: limitSeconds, cancelled: { connection.drop(.cancelled) })
        } catch {
            throw told(error)
        }
    }

    public func execute(_ script: String) async throws(DatabaseError) {
        try await execute(script, limitSeconds: limitSeconds)
    }

    /// Opens `COPY ... FROM STDIN`.
    public func copyIn(_ sql: String) async throws(DatabaseError) -> CopyIn {
        let connection = try open()
        do {
            return CopyIn(connection, try await connection.open(copy: sql, limitSeconds: limitSeconds))
        } catch {
            throw told(error)
        }
    }

    /// Opens `COPY ... TO STDOUT`.
    public func copyOut(_ sql: String) async throws(DatabaseError) -> CopyOut {
        let connection = try open()
        do {
            return CopyOut(connection, try await connection.open(copy: sql, limitSeconds: limitSeconds))
        } catch {
            throw told(error)
        }
    }

    /// Runs BEGIN, `body`, COMMIT; ROLLBACK if `body` throws. Does not nest. For the errors see
    /// ``Database/transaction(_:)``.
    // Specialised for its callers' closures, this crashes the optimiser of Swift 6.3.1 ("splitting coroutine").
    @_semantics("optimize.sil.specialize.generic.never")
    @discardableResult
    public func transaction<Value>(_ body: () async throws -> Value) async throws -> Value {
        precondition(!isInTransaction, "transactions do not nest")
        _ = try await query(DatabaseSession.begin)
        isInTransaction = true
        let value: Value
        do { value = try await body() } catch {
            await uncancelled { await self.rollBack() }
            throw error
        }
        isInTransaction = false
        try await commitTransaction()
        return value
    }

    // MARK: Ends

    /// Waits for COMMIT even if the task is cancelled, so that its outcome is known.
    private func commitTransaction() async throws(DatabaseError) {
        let connection = try open()
        var result: Result<Rows, DatabaseError> = .failure(.cancelled)
        await uncancelled {
            do throws(DatabaseError) {
                result = .success(
                    try await connection.run(DatabaseSession.commit, [], limitSeconds: self.limitSeconds))
            } catch {
                // A COMMIT without an answer may have taken effect.
                let unknown = DatabaseError(.lost(mayHaveHappened: true), error.message)
                result = .failure(error.kind == .timedOut ? unknown : error)
            }
        }
        let rows = try result.get()
        // If an earlier statement failed and the body ignored it, the server answers ROLLBACK without an error.
        guard rows.commandTag == "COMMIT" else {
            throw DatabaseError(
                .statement(sqlState: "25P02"), "COMMIT: an earlier statement of the transaction had failed")
        }
    }

    private func rollBack() async {
        isInTransaction = false
        guard let connection, connection.transactionState == .open else { return }
        _ = try? await connection.run(DatabaseSession.rollback, [], limitSeconds: limitSeconds)
    }

    /// Rolls back what is open, so that the next borrower can use the connection; otherwise
    /// ends it. Must not run in a cancelled task.
    func end() async {
        guard let connection else { return }
        await rollBack()
        self.connection = nil
        if connection.transactionState != .none {
            connection.drop(.unavailable("the session ended during a statement"))
        }
    }

    private func uncancelled(_ body: @escaping () async -> Void) async {
        guard let connection else { return }
        await connection.loop.spawn(body).value
    }

    private func open() throws(DatabaseError) -> PGConnection {
        guard let connection else { throw .unavailable("the session has ended") }
        return connection
    }

    private func told(_ error: DatabaseError) -> DatabaseError {
        isInTransaction ? error.withinTransaction : error
    }
}
