// Numbered changes of the schema: concurrent, failing, and newer than the program.
import Engine
import TestSupport
import Testing

@Suite("Migrations", .timeLimit(.minutes(1)))
struct MigratorTests {
    static let changes = [
        Migration(
            number: 1, name: "first",
            sql: "CREATE TABLE a (x integer); INSERT INTO a VALUES (1); SELECT pg_sleep(0.1)"),
        Migration(number: 2, name: "second", sql: "INSERT INTO a VALUES (2); CREATE INDEX ON a (x)"),
    ]
    static let count = Statement("m.count", "SELECT count(*), (SELECT count(*) FROM schema_migrations) FROM a")

    @Test("concurrent runners apply each change once, and a later run applies the new ones")
    func racing() async throws {
        try await withDatabase({ $0.connections = 4 }) { database in
            let loop = try #require(Loop.current)
            var applied: [Int] = []
            let tasks = (0..<4).map { _ in
                loop.spawn {
                    do {
                        applied += try await database.session { try await Migrator.run($0, migrations: Self.changes) }
                    } catch {
                        Issue.record(error)
                    }
                }
            }
            for task in tasks { await task.value }
            #expect(applied.sorted() == [1, 2])
            let more = Self.changes + [Migration(number: 3, name: "third", sql: "INSERT INTO a VALUES (3)")]
            let third = try await database.session { try await Migrator.run($0, migrations: more) }
            #expect(third == [3])
            let row = try await database.query(Self.count)[0]
            #expect(row.int(0) == 3 && row.int(1) == 3)
        }
    }

    @Test("a failed change leaves nothing, and the changes before it stay")
    func failing() async throws {
        try await withDatabase { database in
            let wrong =
                Self.changes + [
                    Migration(number: 3, name: "wrong", sql: "INSERT INTO a VALUES (3); SELECT no_such_thing()")
                ]
            let error = await databaseError {
                _ = try await database.session { try await Migrator.run($0, migrations: wrong) }
            }
            #expect(error?.sqlState == "42883")
            let row = try await database.query(Self.count)[0]
            #expect(row.int(0) == 2 && row.int(1) == 2)
        }
    }

    @Test("a database changed by a newer version is refused")
    func newer() async throws {
        try await withDatabase { database in
            try await database.session { try await Migrator.run($0, migrations: Self.changes) }
            await #expect(throws: MigrationError.self) {
                try await database.session { try await Migrator.run($0, migrations: [Self.changes[0]]) }
            }
        }
    }
}
