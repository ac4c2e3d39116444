// Shared code for the tests of this folder.
import Engine
import TestSupport
import Testing

/// Runs `body` with a started pool on a new loop and a fresh database; closes and drops both.
func withDatabase<Value: Sendable>(
    _ adjust: @escaping @Sendable (inout DatabaseConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (Database) async throws -> Value
) async throws -> Value {
    try await TestDatabase.with { url in
        try await onLoop { loop in
            var configuration = DatabaseConfiguration.patient(url)
            adjust(&configuration)
            let database = Database(on: loop, configuration: configuration)
            database.start()
            let result: Result<Value, any Error>
            do { result = .success(try await body(database)) } catch { result = .failure(error) }
            await database.close()
            return try result.get()
        }
    }
}

extension Database {
    /// Runs a script on an exclusive connection.
    func script(_ sql: String) async throws {
        try await session { try await $0.execute(sql) }
    }
}

/// Polls until the condition holds; the suite's time limit ends a failed wait.
func eventually(_ loop: Loop, _ holds: () async throws -> Bool) async throws {
    while try await !holds() { try await loop.sleep(seconds: 0.01) }
}

/// The error of `body`, as a DatabaseError.
func databaseError(_ body: () async throws -> Void) async -> DatabaseError? {
    do { try await body() } catch { return error as? DatabaseError }
    return nil
}
