// COPY ... FROM STDIN on an exclusive connection. Frees nothing. Thread: the loop's.

/// Takes the bytes of an open COPY. End it with ``finish()`` or ``fail(_:)``;
/// without either, the connection is dropped.
public final class CopyIn {
    private let connection: PGConnection
    private let outcome: CopyOutcome
    /// Bytes passed to libpq at once, so that its buffer never holds the caller's whole array. With the message's
    /// five-byte head this is a whole number of the 8 KiB blocks that libpq sends.
    static let pieceBytes = 64 * 1024 - 5

    init(_ connection: PGConnection, _ outcome: CopyOutcome) {
        self.connection = connection
        self.outcome = outcome
    }

    /// Sends `bytes`, in portions of any size, and suspends while the socket accepts no more. ``finish()`` reports an
    /// error that the server finds in the data.
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

    /// Ends the COPY and waits for the server's result.
    /// - Returns: the number of rows copied.
    public func finish() async throws(DatabaseError) -> Int {
        try outcome.check(connection)
        connection.endCopy(failing: nil)
        return try await outcome.wait(connection).affected
    }

    /// Aborts the COPY; the server keeps none of its rows. The connection stays
    /// usable; its transaction, if any, has failed.
    public func fail(_ reason: String) async throws(DatabaseError) {
        try outcome.check(connection)
        connection.endCopy(failing: reason)
        do { _ = try await outcome.wait(connection) } catch {
            switch error.kind {
            case .statement: return  // the server's "COPY from stdin failed", as requested
            case .unavailable, .busy, .lost, .timedOut, .cancelled, .unknownText: throw error
            }
        }
    }
}

/// COPY ... TO STDOUT. The connection is not read between calls of `next`, so the server waits too.
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

    /// Returns the next whole rows, about 64 KiB; nil after the last.
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

/// The end of a COPY; it may come before or after a task waits for it.
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
