// Where a request's lots are from the moment they are read until its job exists. Loop-bound.
import Engine

/// Takes rows of ``InsertJob/copy`` as they are read, and puts them all into the table, or none.
protocol LotStore: AnyObject {
    /// The producer should pause until `whenDrained`.
    var isCongested: Bool { get }
    /// What was appended is lost; the request cannot be accepted.
    var hasFailed: Bool { get }
    /// Called when more may be appended again, or after a failure.
    var whenDrained: (() -> Void)? { get set }

    /// Appends what `body` appends to a buffer: whole rows.
    func append(_ body: (inout [UInt8]) -> Void)
    /// Forgets everything so far.
    func reset()
    /// Lets go of everything that is not committed. Idempotent.
    func discard()
    /// Everything was appended: commits it together with what `end` does in the same transaction.
    /// - Throws: what `end` threw; `JobNotStored` if the table has another number of rows than `lots`; `DatabaseError`,
    ///   `SystemError`.
    func store(
        in database: Database, lots: Int, _ end: @escaping (DatabaseSession) async throws -> [UInt8]
    ) async throws -> [UInt8]
}

/// The database holds something else than was sent: the transaction is rolled back.
struct JobNotStored: Error {}

extension DatabaseSession {
    /// Longest time that the server gives to one body's COPY, seconds; many statements' worth.
    static let lotsSeconds = 120

    /// Copies rows into the table of lots; `next` gives whole portions in any sizes, nil at the end.
    func copyLots(expecting lots: () -> Int, _ next: () async throws -> [UInt8]?) async throws {
        try await execute("SET LOCAL statement_timeout = '\(DatabaseSession.lotsSeconds)s'")
        let copy = try await copyIn(InsertJob.copy)
        do {
            try await copy.write(CopyBinary.header)
            while let bytes = try await next() { try await copy.write(bytes) }
            try await copy.write(CopyBinary.trailer)
        } catch {
            try? await copy.fail("the lots could not be read")  // the first error is the one to tell
            throw error
        }
        guard try await copy.finish() == lots() else { throw JobNotStored() }
    }
}

extension Spool: LotStore {
    var hasFailed: Bool { failure != nil }

    func store(
        in database: Database, lots: Int, _ end: @escaping (DatabaseSession) async throws -> [UInt8]
    ) async throws -> [UInt8] {
        try await database.transaction { session in
            try await session.copyLots(expecting: { lots }) { try await self.next() }
            return try await end(session)
        }
    }
}
