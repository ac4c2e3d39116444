// Metrics of statements and connections.
import TestSupport
import Testing

@testable import Engine

@Suite("Database metrics", .timeLimit(.minutes(1)))
struct DatabaseMetricsTests {
    private static let one = Statement("test.metrics_one", "SELECT 1")
    private static let wrong = Statement("test.metrics_wrong", "SELECT no_such_column")

    @Test("C9: statements are counted by outcome, including those in transactions and their frame")
    func statements() async throws {
        try await withDatabase { database in
            _ = try await database.query(Self.one)
            let metrics = database.metrics
            let before = metrics.durations.snapshot().count
            #expect(metrics.statements[.ok] == before)
            _ = try await database.query(Self.one)
            _ = await databaseError { _ = try await database.query(Self.wrong) }
            try await database.transaction { session in
                _ = try await session.query(Self.one)
                #expect(metrics.inFlight == 0)
            }
            // One; BEGIN, one, COMMIT.
            #expect(metrics.statements[.ok] == before + 4)
            #expect(metrics.statements[.refused] == 1)
            #expect(metrics.durations.snapshot().count == before + 5)
            #expect(metrics.durations.snapshot().sumNanoseconds > 0)
        }
    }

    @Test("C9: open and leased connections, waiting callers and refused ones")
    func pool() async throws {
        let adjust: @Sendable (inout DatabaseConfiguration) -> Void = {
            $0.connections = 1
            $0.sharedConnections = 2
            $0.acquireSeconds = 0.3
        }
        try await withDatabase(adjust) { database in
            let metrics = database.metrics
            try await eventually(database.loop) { metrics.pool[.shared] == 2 && metrics.pool[.exclusive] == 1 }
            try await database.session { _ in
                #expect(metrics.pool[.lent] == 1 && metrics.pool[.waiting] == 0)
                let late = database.loop.spawn {
                    let error = await databaseError { try await database.session { _ in } }
                    #expect(error?.kind == .busy)
                }
                #expect(metrics.pool[.waiting] == 1)
                await late.value
                #expect(metrics.pool[.waiting] == 0 && metrics.refusals[.busy] == 1)
            }
            #expect(metrics.pool[.lent] == 0 && metrics.pool[.exclusive] == 1)
            await database.close()
            #expect(await databaseError { _ = try await database.query(Self.one) }?.kind == .unavailable)
            #expect(metrics.refusals[.unavailable] == 1)
            #expect(metrics.pool[.shared] == 0 && metrics.pool[.exclusive] == 0)
        }
    }
}
