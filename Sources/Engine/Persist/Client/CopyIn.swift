// COPY ... FROM STDIN on an exclusive connection. Frees nothing. Thread: the loop's.

/// Takes bytes for an open COPY. End it with ``finish()`` or ``fail(_:)``; if neither is called, the connection is
/// given up.
public final class CopyIn {
    private let connection: PGConnection
    private let outcome: CopyOutcome
    /// What is handed to libpq at once: its buffer holds this much and never the caller's whole array. With the
    /// message's five bytes in front it is what libpq sends at once, which it does in whole 8 KiB.
    static let pieceBytes = 64 * 1024 - 5

    init(_ connection: PGConnection, _ outcome: CopyOutcome) {
        self.connection = connection
        self.outcome = outcome
    }

    /// Sends `bytes`, in any portions, and suspends while the socket takes no more. An error that the server finds in
    /// the data is told by ``finish()``.
    public func write(_ bytes: [UInt8]) async throws(DatabaseError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try outcome.check(connection)
            connection.put(rest.prefix(CopyIn.pieceBytes))
            rest = rest.dropFirst(CopyIn.pieceBytes)
            if connection.hasUnsent { try await connection.waitForCopy() }
        }
        try outcome.check(connection)
    }

    /// Ends the COPY and waits for the server's verdict.
    /// - Returns: the number of rows copied.
    public func finish() async throws(DatabaseError) -> Int {
        try outcome.check(connection)
        connection.endCopy(failing: nil)
        return try await outcome.wait(connection).affected
    }

    /// Gives the COPY up: the server keeps nothing of it. The connection stays usable; its transaction, if any, has
    /// failed.
    public func fail(_ reason: String) async throws(DatabaseError) {
        try outcome.check(connection)
        connection.endCopy(failing: reason)
        do { _ = try await outcome.wait(connection) } catch {
            switch error.kind {
            case .statement: return  // the server's "COPY from stdin failed", which is what was asked for
            case .unavailable, .busy, .lost, .timedOut, .cancelled: throw error
            }
        }
    }
}

/// COPY ... TO STDOUT. Not read while nobody asks, so the server waits too.
public final class CopyOut {
    private let connection: PGConnection
    private let outcome: CopyOutcome
    private var ended = false
    static let pieceBytes = 64 * 1024

    init(_ connection: PGConnection, _ outcome: CopyOutcome) {
        self.connection = connection
        self.outcome = outcome
        connection.wantsInput = false
        connection.watch()
    }

    /// The next whole rows, about 64 KiB; nil after the last.
    public func next() async throws(DatabaseError) -> [UInt8]? {
        while !ended {
            guard let bytes = connection.takeCopy(upTo: CopyOut.pieceBytes) else {
                ended = true
                break
            }
            if !bytes.isEmpty { return bytes }
            connection.wantsInput = true
            connection.watch()
            defer {
                connection.wantsInput = !connection.machine.isCopying
                connection.watch()
            }
            try await connection.waitForCopy()
        }
        _ = try await outcome.wait(connection)
        return nil
    }
}

/// The end of a COPY, which may come before or after somebody waits for it.
final class CopyOutcome {
    private(set) var result: Result<Rows, DatabaseError>?
    private var waiter: Ticket<Void>?

    func settle(_ result: Result<Rows, DatabaseError>) {
        self.result = result
        waiter?.resume()
    }

    func check(_ connection: PGConnection) throws(DatabaseError) {
        switch result {
        case .failure(let error): throw error
        case .success: throw DatabaseError(.unavailable, "the COPY has ended already")
        case nil: break
        }
    }

    func wait(_ connection: PGConnection) async throws(DatabaseError) -> Rows {
        if result == nil {
            do {
                try await connection.loop.park { (ticket: Ticket<Void>) in
                    waiter = ticket
                    ticket.whenCancelled = { connection.drop(.cancelled) }
                }
            } catch {
                throw .cancelled
            }
        }
        guard let result else { throw .cancelled }
        return try result.get()
    }
}
