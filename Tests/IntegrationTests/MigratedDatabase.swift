// A database with our tables and no rows, for tests of rows alone. Loop-bound.
import Engine
import TestSupport

/// Runs `body` on a new loop with such a database; closes and drops it, also after an error.
func withMigratedDatabase(
    _ body: @escaping @Sendable (_ loop: Loop, _ database: Database) async throws -> Void
) async throws {
    try await TestDatabase.with { url in
        try await onLoop { loop in
            let database = Database(on: loop, configuration: .patient(url))
            database.start()
            let result: Result<Void, any Error>
            do {
                try await database.session { _ = try await Migrator.run($0, migrations: Migrations.all) }
                result = .success(try await body(loop, database))
            } catch { result = .failure(error) }
            await database.close()
            try result.get()
        }
    }
}
