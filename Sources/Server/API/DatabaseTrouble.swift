// The error that a client gets when the database fails (C4.5). Pure.
import Engine

extension ServiceError {
    /// Maps a failed database call. The database's own message goes only to the log.
    init(_ trouble: DatabaseError) {
        switch trouble.kind {
        case .unavailable, .lost, .busy:
            self = .databaseAway
        case .timedOut:
            self.init(.serviceUnavailable, "The database is overloaded", retryAfter: 10)
        case .statement(let state):
            self = ServiceError.refused(sqlState: state)
        case .cancelled:
            self.init(.serviceUnavailable, "The request was cancelled", retryAfter: 5)
        case .unknownText:
            self.init(
                .serviceUnavailable, "A newer version of the service works on this job; ask again", retryAfter: 5)
        }
    }

    private static func refused(sqlState: String) -> ServiceError {
        // Classes: 53 insufficient resources, 57 operator intervention (shutdown), 40 transaction rollback, 08
        // connection, 25 invalid transaction state (read only).
        if ["53", "57", "40", "08", "25"].contains(where: sqlState.hasPrefix) {
            return .databaseAway
        }
        return .unexpected
    }

    static let databaseAway = ServiceError(
        .serviceUnavailable, "The database is not available at the moment", retryAfter: 5)

    static let unexpected = ServiceError(
        .internalError, "An internal error occurred; the request id identifies it in the log")
}
