// Numbered changes of the schema, each applied once. Thread: the loop's.
import Logging

/// One change of the schema. A released migration is never edited.
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

/// The reason why the schema is not up to date.
public struct MigrationError: Error, Equatable, CustomStringConvertible {
    public let description: String
}

/// Brings the schema up to date. Several instances may do so at once: an advisory lock makes them take turns.
public enum Migrator {
    /// An arbitrary number that no other lock in this database uses.
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

    /// Applies the missing migrations in order, each in a transaction of its own.
    /// - Returns: the numbers applied by this call.
    /// - Throws: `MigrationError` if the database has a migration that this program does not know; `DatabaseError`.
    @discardableResult
    public static func run(_ session: DatabaseSession, migrations: [Migration]) async throws -> [Int] {
        let ordered = migrations.sorted { $0.number < $1.number }
        precondition(
            ordered.map(\.number) == Array(1..<ordered.count + 1), "migrations must be numbered from 1 without gaps")
        var done: [Int] = []
        try await session.transaction {
            try await takeLock(session)
            try await session.execute(createTable)
            try check(try await appliedNumbers(session), ordered)
        }
        for migration in ordered {
            let isNew = try await session.transaction {
                try await takeLock(session)
                // Read again under the lock, because another instance may have applied it meanwhile.
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
            description: "the database is at migration \(newest), but this program knows only up to \(known.count); "
                + "a newer version has migrated it; run that version")
    }

    /// Takes the lock within a transaction. It does not wrap the transaction, because
    /// optimising such a function crashes Swift 6.3.1.
    private static func takeLock(_ session: DatabaseSession) async throws {
        // Neither the wait for the lock nor the migration has the service's statement limit.
        try await session.execute("SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = warning")
        _ = try await session.query(lock, [.int8(lockKey)], limitSeconds: nil)
    }
}
