// The one error of this folder, and what may be said about it: no parameter values, no password.

/// A database call that failed, by what the caller may conclude from it.
public struct DatabaseError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Equatable, Sendable {
        /// No connection: nothing was done.
        case unavailable
        /// Too many wait already, or none became free in time: nothing was done.
        case busy
        /// The server refused the statement; it had no effect.
        case statement(sqlState: String)
        /// The connection broke while the call was under way.
        case lost(mayHaveHappened: Bool)
        /// The statement took longer than allowed. Outside a transaction it may have been carried out.
        case timedOut
        /// The calling task was cancelled. Outside a transaction the statement may have been carried out.
        case cancelled
    }

    public let kind: Kind
    /// For logs. Never holds parameter values or the URL's password.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { "\(kind): \(message)" }

    /// The five characters of PostgreSQL's error code, if the server refused the statement.
    public var sqlState: String? {
        switch kind {
        case .statement(let sqlState): sqlState
        case .unavailable, .busy, .lost, .timedOut, .cancelled: nil
        }
    }
}

extension DatabaseError {
    static func unavailable(_ why: String) -> DatabaseError { DatabaseError(.unavailable, why) }
    static let cancelled = DatabaseError(.cancelled, "the waiting task was cancelled")

    /// What a statement of a transaction that was not committed yet tells its caller: its effect is gone with the
    /// connection.
    var withinTransaction: DatabaseError {
        switch kind {
        case .lost: DatabaseError(.lost(mayHaveHappened: false), message)
        case .unavailable, .busy, .statement, .timedOut, .cancelled: self
        }
    }
}
