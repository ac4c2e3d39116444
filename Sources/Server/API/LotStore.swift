// Holds a request's lots from reading until the job exists. Loop-bound.
import Engine

/// Takes rows of ``InsertJob/copy`` as they are read, and stores either all of them in the table or none. The rows wait
/// in a spool until the body has been checked. Rows of a large body may go into an open transaction meanwhile
/// (``EagerCopy``).
final class LotStore {
    private enum Way {
        case spool(Spool)
        case eager(EagerCopy)
    }

    private let client: IPAddress
    private let lane: EagerLane
    private let database: Database
    private let makeSpool: () -> Spool
    private let begunSeconds = Monotonic.seconds()
    private var way: Way
    private var isDecided = false

    /// Called when more rows may be appended, or after a failure.
    var whenDrained: (() -> Void)?

    init(for call: Call) {
        let (loop, directory) = (call.services.loop, call.services.config.spoolDirectory)
        client = call.client
        lane = call.services.eagerLane
        database = call.services.database
        makeSpool = { Spool(on: loop, directory: directory) }
        way = .spool(makeSpool())
        listen()
    }

    /// The producer should pause until ``whenDrained``.
    var isCongested: Bool {
        switch way {
        case .spool(let spool): spool.isCongested
        case .eager(let copy): copy.isCongested
        }
    }

    /// The rows so far cannot be stored: see ``returnToSpool()``.
    var hasFailed: Bool {
        switch way {
        case .spool(let spool): spool.failure != nil
        case .eager(let copy): copy.hasFailed
        }
    }

    /// Appends the rows that `body` writes to a buffer. They must be complete.
    func append(_ body: (inout [UInt8]) -> Void) {
        switch way {
        case .spool(let spool): spool.append(body)
        case .eager(let copy): copy.append(body)
        }
    }

    /// Drops all rows so far.
    func reset() {
        switch way {
        case .spool(let spool): spool.reset()
        case .eager(let copy): copy.reset()
        }
    }

    /// Frees everything that is not committed. Idempotent.
    func discard() {
        switch way {
        case .spool(let spool): spool.discard()
        case .eager(let copy): copy.discard()
        }
    }

    /// Moves the rows into an open transaction if ``EagerLane`` admits this body. Decides once, when the body is large
    /// enough.
    func considerEager() {
        guard !isDecided, case .spool(let spool) = way, spool.heldBytes >= EagerLane.rowBytesMin else { return }
        isDecided = true
        guard let copy = lane.enter(client, with: spool, after: Monotonic.seconds() - begunSeconds) else { return }
        way = .eager(copy)
        listen()
    }

    /// After a failure: moves the rows into a new spool if the database has none of them yet. In any case the client's
    /// next body goes to the spool.
    /// - Returns: false if rows are lost.
    func returnToSpool() -> Bool {
        lane.forget(client)
        guard case .eager(let copy) = way, let rows = copy.takeBack() else { return false }
        copy.discard()
        let spool = makeSpool()
        way = .spool(spool)
        listen()
        spool.append { $0 += rows }
        return true
    }

    /// Commits all rows together with the work of `end` in the same transaction. Call it after the last append.
    /// - Throws: the errors of `end`; `JobNotStored` if the table's number of new rows is not `lots`; `DatabaseError`;
    ///   `SystemError`.
    func commit(
        lots: Int, _ end: @escaping (DatabaseSession) async throws -> [UInt8]
    ) async throws -> [UInt8] {
        switch way {
        case .spool(let spool):
            try await database.transaction { session in
                try await session.copyLots(expecting: { lots }) { try await spool.next() }
                return try await end(session)
            }
        case .eager(let copy):
            try await copy.commit(lots: lots, end)
        }
    }

    private func listen() {
        let tell: () -> Void = { [weak self] in
            guard let self else { return }
            whenDrained?()
        }
        switch way {
        case .spool(let spool): spool.whenDrained = tell
        case .eager(let copy): copy.whenDrained = tell
        }
    }
}

/// The database stored other rows than were sent, so the transaction is rolled back.
struct JobNotStored: Error {}

extension DatabaseSession {
    /// Longest time for the COPY of one body on the server, in seconds. It exceeds the usual limit of a statement.
    static let lotsSeconds = 120

    /// Copies rows into the table of lots.
    /// - Parameter next: gives bytes in pieces of any size; nil at the end.
    func copyLots(expecting lots: () -> Int, _ next: () async throws -> [UInt8]?) async throws {
        try await execute("SET LOCAL statement_timeout = '\(DatabaseSession.lotsSeconds)s'")
        let copy = try await copyIn(InsertJob.copy)
        do {
            try await copy.write(CopyBinary.header)
            while let bytes = try await next() { try await copy.write(bytes) }
            try await copy.write(CopyBinary.trailer)
        } catch {
            try? await copy.fail("the lots could not be read")  // keep the first error
            throw error
        }
        guard try await copy.finish() == lots() else { throw JobNotStored() }
    }
}
