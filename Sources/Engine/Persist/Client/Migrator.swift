// Numbered changes of the schema, each applied once. Thread: the loop's.
import Logging

/// One change of the schema. Never edited once released.
public struct Migration: Sendable {
    /// From 1, without gaps.
    public let number: Int
    public let name: String
    /// Statements separated by semicolons; they run in one transaction.
    public let sql: String

    public init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }
}

/// Why the schema was not brought up to date.
public struct MigrationError: Error, Equatable, CustomStringConvertible {
    public let description: String
}

/// Brings the schema up to date. Any number of instances may do so at once: they take turns under an advisory lock.
public enum Migrator {
    /// Any number that nobody else takes for a lock in this database.
    static let lockKey = 7_463_001_155_283

    static let lock = Statement("migrations.lock", "SELECT pg_advisory_xact_lock($1)")
    static let createTable = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            number integer PRIMARY KEY,
            name text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
    static let applied = Statement("migrations.applied", "SELECT number FROM schema_migrations ORDER BY number")
    static let record = Statement("migrations.record", "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)")

    /// Applies what is missing, in order, each change in a transaction of its own.
    /// - Returns: the numbers applied by this call.
    /// - Throws: `MigrationError` if the database knows a change that this program does not; `DatabaseError`.
    @discardableResult
    public static func run(_ session: DatabaseSession, migrations: [Migration]) async throws -> [Int] {
        let ordered = migrations.sorted { $0.number < $1.number }
        precondition(
            ordered.map(\.number) == Array(1..<ordered.count + 1), "migrations are numbered from 1 without gaps")
        var done: [Int] = []
        try await session.transaction {
            try await takeLock(session)
            try await session.execute(createTable)
            try check(try await appliedNumbers(session), ordered)
        }
        for migration in ordered {
            let isNew = try await session.transaction {
                try await takeLock(session)
                // Read anew under the lock: another instance may have been here meanwhile.
                if try await appliedNumbers(session).contains(migration.number) { return false }
                try await session.execute(migration.sql, limitSeconds: nil)
                _ = try await session.query(record, [.int4(migration.number), .text(migration.name)])
                return true
            }
            guard isNew else { continue }
            ServerMessage.log.info("applied migration \(migration.number), \(migration.name)")
            done.append(migration.number)
        }
        return done
    }

    private static func appliedNumbers(_ session: DatabaseSession) async throws -> [Int] {
        try await session.query(applied).map { $0.int(0) }
    }

    private static func check(_ applied: [Int], _ known: [Migration]) throws(MigrationError) {
        guard let newest = applied.last, newest > known.count else { return }
        throw MigrationError(
            description: "the database is at migration \(newest), this program knows only up to \(known.count): "
                + "a newer version has been here; run that one")
    }

    /// Within a transaction. Not a wrapper around the transaction: optimising such a function, Swift 6.3.1 crashes.
    private static func takeLock(_ session: DatabaseSession) async throws {
        // The lock may be held, and the change may take, longer than any statement of the service.
        try await session.execute("SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = warning")
        _ = try await session.query(lock, [.int8(lockKey)], limitSeconds: nil)
    }
}
