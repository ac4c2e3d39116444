// The guard of the only writer: a provider batch moves from the verdict's state, or not at all. Loop-bound.
import TestSupport
import Testing

@testable import Engine

@Suite("Moves of provider batches", .timeLimit(.minutes(1)))
struct MoveBatchTests {
    private static let job = Identifier.random()

    /// A batch in `state`, written by this version or by the previous one.
    private static func withBatch(
        _ state: String, _ body: @escaping @Sendable (DatabaseSession, ProviderBatch) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            _ = try await database.session { try await Migrator.run($0, migrations: Migrations.all) }
            try await database.script(
                """
                INSERT INTO openai_batches (id, job_id, stage, round, sequence, state, model, positions, account,
                        intent_at, not_before)
                    VALUES (gen_random_uuid(), '\(job)', 'vision', 1, 1, '\(state)', 'm', '{0,1}', 'mine',
                        '2026-01-01', '2026-01-01')
                """)
            try await database.session { session in
                let batch = try #require(try await ProviderBatches.load(session, job: job).first)
                try await body(session, batch)
            }
        }
    }

    @Test("C5.1: a move is written once; repeated after a lost reply it counts as done and changes nothing")
    func repeated() async throws {
        try await Self.withBatch("creating") { session, batch in
            var move = BatchMove(to: .submitted)
            (move.batchID, move.failures, move.setbacks) = ("batch_1", 0, 2)
            let isFirst = try await MoveBatch.run(session, batch, move)
            move.batchID = "batch_2"
            let isSecond = try await MoveBatch.run(session, batch, move)
            #expect(isFirst && !isSecond)
            let row = try #require(try await ProviderBatches.load(session, job: Self.job).first)
            #expect(row.state == .submitted && row.batchID == "batch_1" && row.setbacks == 2)
        }
    }

    @Test("C5.1: a batch in another state is not moved: the step ends with an error")
    func stale() async throws {
        try await Self.withBatch("collected") { session, batch in
            var old = batch
            old.state = .submitted
            let error = await #expect(throws: StaleBatch.self) {
                _ = try await MoveBatch.run(session, old, BatchMove(to: .uploaded))
            }
            #expect(error?.found == "collected" && error?.expected == .submitted)
            await #expect(throws: StaleBatch.self) { _ = try await MoveBatch.remove(session, old) }
            let states = try await ProviderBatches.load(session, job: Self.job).map(\.state)
            #expect(states == [batch.state])
        }
    }

    @Test("an intent has the time of the move that made it; a write without a move keeps it")
    func intentTime() async throws {
        try await Self.withBatch("uploaded") { session, batch in
            _ = try await MoveBatch.run(session, batch, BatchMove(to: .creating))
            let made = try #require(try await ProviderBatches.load(session, job: Self.job).first)
            #expect(made.intentAt.map { $0 > (batch.intentAt ?? $0) } ?? false)
            let statement = Statement("test.intent", "SELECT intent_at FROM openai_batches")
            let before = try await session.query(statement)[0].timestamp(0)
            _ = try await MoveBatch.run(session, made, BatchMove(to: .creating))
            let after = try await session.query(statement)[0].timestamp(0)
            #expect(after == before)
        }
    }

    @Test("a row in the previous version's asking state is read and moved like any other")
    func oldWord() async throws {
        try await Self.withBatch("canary") { session, batch in
            #expect(batch.state == .asking)
            let isMoved = try await MoveBatch.run(session, batch, BatchMove(to: .abandoned))
            #expect(isMoved)
        }
        try await Self.withBatch("canary") { session, batch in
            let isRemoved = try await MoveBatch.remove(session, batch)
            let isRemovedAgain = try await MoveBatch.remove(session, batch)
            #expect(isRemoved && !isRemovedAgain)
        }
    }
}
