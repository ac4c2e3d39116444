// The only error type of this folder. Its texts contain no parameter values and no password.

/// A failed database call, classified by what the caller may conclude from it.
public struct DatabaseError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Equatable, Sendable {
        /// There is no connection: nothing was done.
        case unavailable
        /// Too many callers wait already, or no connection became free in time: nothing was done.
        case busy
        /// The server refused the statement; it had no effect.
        case statement(sqlState: String)
        /// The connection broke during the call.
        case lost(mayHaveHappened: Bool)
        /// The statement exceeded its time limit. Outside a transaction it may have taken effect.
        case timedOut
        /// The calling task was cancelled. Outside a transaction the statement may have taken effect.
        case cancelled
        /// A row has a text that only a newer version knows. Leave the row alone.
        case unknownText(UnknownText)
    }

    public let kind: Kind
    /// For logs. Contains neither parameter values nor the URL's password.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { "\(kind): \(message)" }

    /// PostgreSQL's five-character error code, if the server refused the statement.
    public var sqlState: String? {
        switch kind {
        case .statement(let sqlState): sqlState
        case .unavailable, .busy, .lost, .timedOut, .cancelled, .unknownText: nil
        }
    }
}

extension DatabaseError {
    /// Classes of `sqlState` that pass: no connection, conflicts, disk or memory full, objects in use, the operator's
    /// intervention, a failing disk.
    private static let passingClasses: Set<String> = ["08", "40", "53", "55", "57", "58"]
    /// A server that became a standby, or is read-only while its disk is full.
    private static let readOnly = "25006"

    /// Whether the same write may succeed later, although nothing changes but the database's own state.
    public var isPassing: Bool {
        switch kind {
        case .unavailable, .busy, .lost, .timedOut, .cancelled: true
        case .statement(let state): state == Self.readOnly || Self.passingClasses.contains(String(state.prefix(2)))
        case .unknownText: false
        }
    }

    static func unavailable(_ why: String) -> DatabaseError { DatabaseError(.unavailable, why) }
    static let cancelled = DatabaseError(.cancelled, "the waiting task was cancelled")

    /// The error as seen inside an uncommitted transaction: the statement's effect is lost with the connection.
    var withinTransaction: DatabaseError {
        switch kind {
        case .lost: DatabaseError(.lost(mayHaveHappened: false), message)
        case .unavailable, .busy, .statement, .timedOut, .cancelled, .unknownText: self
        }
    }
}
