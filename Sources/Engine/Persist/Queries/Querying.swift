// An object that runs statements: a session inside a transaction, or the shared connections.

/// Runs statements. Loop-bound.
public protocol Querying: AnyObject {
    func query(_ statement: Statement, _ values: [PGValue]) async throws(DatabaseError) -> Rows
}

extension Database: Querying {}
extension DatabaseSession: Querying {}

/// The writer of a job no longer holds its lease: another worker has it, or a request ended the job. The writer
/// must drop its work.
public struct LeaseLost: Error, Sendable {
    public let job: Identifier
}
