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

    @Test("C5.1: proofs are kept from move to move, with the time of their first sign")
    func proofs() async throws {
        try await Self.withBatch("creating") { session, batch in
            var move = BatchMove(to: .creating)
            (move.endsAttempt, move.denials, move.shortReads, move.look) = (true, 1, 1, .after(60))
            _ = try await MoveBatch.run(session, batch, move)
            let first = try #require(try await ProviderBatches.load(session, job: Self.job).first)
            #expect(first.attemptEndedAt != nil && first.denials == 1 && first.shortReads == 1)
            let since = try #require(first.deniedSince)
            #expect((first.lookAgainAt.map { $0 - since } ?? 0) > 50)
            move = BatchMove(to: .submitted)
            (move.denials, move.lostCreations, move.counts) = (2, 1, LineCounts(completed: 3, failed: 0))
            _ = try await MoveBatch.run(session, first, move)
            let second = try #require(try await ProviderBatches.load(session, job: Self.job).first)
            #expect(second.denials == 2 && abs((second.deniedSince ?? since) - since) < 1)
            #expect(second.shortSince == nil && second.attemptEndedAt == nil && second.lookAgainAt != nil)
            #expect(second.lostCreations == 1 && second.counts == LineCounts(completed: 3, failed: 0))
            move = BatchMove(to: .submitted)
            (move.look, move.becomesStray, move.keepsTime) = (.done, true, true)
            _ = try await MoveBatch.run(session, second, move)
            let third = try #require(try await ProviderBatches.load(session, job: Self.job).first)
            #expect(third.isStray && third.lookAgainAt == nil && third.deniedSince == nil && third.counts != nil)
        }
    }

    @Test("C5.9: a second batch of the same lots has one row; an account's slowest creation is remembered")
    func strays() async throws {
        try await Self.withBatch("submitted") { session, batch in
            var inserted: [Bool] = []
            for _ in 0..<2 {
                inserted.append(
                    try await ProviderBatches.insertStray(
                        session, of: batch, account: "mine", id: "batch_9", status: "inProgress"))
            }
            #expect(inserted == [true, false])
            for seconds in [40.0, 90, 20] {
                try await ProviderAccounts.wasSlow(session, account: "mine", seconds: seconds)
            }
            let rows = try await ProviderBatches.load(session, job: Self.job)
            #expect(rows.map(\.isStray) == [false, true] && rows.map(\.sequence) == [1, 2])
            #expect(rows.allSatisfy { $0.slowestSeconds == 90 && $0.lines == 2 })
            #expect(rows[1].state == .submitted && rows[1].batchID == "batch_9" && rows[1].inputFileID == nil)
        }
    }

    @Test("rows of the version before are read as rows without proofs")
    func versionBefore() async throws {
        try await withDatabase { database in
            _ = try await database.session {
                try await Migrator.run($0, migrations: Array(Migrations.all.prefix { $0.number < 7 }))
            }
            try await database.script(
                """
                INSERT INTO openai_batches (id, job_id, stage, round, sequence, state, model, positions, account,
                        intent_at, batch_id)
                    VALUES (gen_random_uuid(), '\(Self.job)', 'vision', 1, 1, 'ended', 'm', '{0}', 'mine', now(), 'b')
                """)
            try await database.session { session in
                _ = try await Migrator.run(session, migrations: Migrations.all)
                let row = try #require(try await ProviderBatches.load(session, job: Self.job).first)
                #expect(row.denials == 0 && row.shortReads == 0 && row.lostCreations == 0 && !row.isStray)
                #expect(row.lookAgainAt == nil && row.counts == nil && row.slowestSeconds == 0)
            }
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
