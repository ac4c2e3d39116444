// Queries of the job engine on freshly filled tables, which have no statistics yet (C5.1, C5.4).
import Engine
import TestSupport
import Testing

@Suite("Large jobs in tables without statistics", .timeLimit(.minutes(1)))
struct PlanTests {
    private static let job = Identifier.random()
    private static let lots = 5000

    /// A job whose lots have rows of the given stages.
    private static func withJob(
        _ stages: [String], _ body: @escaping @Sendable (DatabaseSession) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            _ = try await database.session { try await Migrator.run($0, migrations: Migrations.all) }
            try await database.script(
                """
                ALTER TABLE batch_lots SET (autovacuum_enabled = false);
                ALTER TABLE lot_results SET (autovacuum_enabled = false);
                INSERT INTO batch_lots SELECT '\(job)', n, 'lot-' || n, 'text', NULL, '["http://a.example/1"]', 1
                    FROM generate_series(0, \(lots - 1)) n;
                INSERT INTO lot_results (job_id, stage, position, succeeded, images, payload)
                    SELECT '\(job)', stage, n, true, 1, '[]'
                    FROM unnest('{\(stages.joined(separator: ","))}'::text[]) stage, generate_series(0, \(lots - 1)) n
                """)
            try await database.transaction { try await body($0) }
        }
    }

    private static let readStatement = Statement(
        "rows_read",
        """
        SELECT sum(seq_tup_read + idx_tup_fetch)::int8 FROM pg_stat_xact_user_tables
        WHERE relname IN ('batch_lots', 'lot_results')
        """)

    /// Rows read by the transaction so far: the work is linear in the number of lots.
    private static func rowsRead(_ session: DatabaseSession) async throws -> Int {
        try await session.query(readStatement).first?.int(0) ?? .max
    }

    @Test("the missing lots of a stage are found, also if none of many is missing")
    func remaining() async throws {
        try await Self.withJob(["images", "vision"]) { session in
            let all = 0..<Self.lots
            let vision = try await RemainingLots.page(
                session, job: Self.job, stage: .vision, positions: all, limit: 5000)
            #expect(vision.isEmpty)
            let first = try await RemainingLots.page(
                session, job: Self.job, stage: .translation, positions: all, limit: 2)
            #expect(first.map(\.position) == [0, 1])
            for start in stride(from: 0, to: Self.lots, by: 500) {
                let page = try await RemainingLots.page(
                    session, job: Self.job, stage: .translation, positions: start..<start + 500, limit: 500)
                #expect(page.map(\.position) == Array(start..<start + 500))
            }
            let read = try await Self.rowsRead(session)
            #expect(read <= 10 * Self.lots)
        }
    }

    @Test("pages of a stage's input and of finished lots are found by key")
    func inputs() async throws {
        try await Self.withJob(["images", "vision", "final"]) { session in
            for start in stride(from: 0, to: Self.lots, by: 100) {
                let positions = Array(start..<start + 100)
                let images = try await ImageWork.page(session, job: Self.job, positions: start..<start + 100)
                #expect(images.isEmpty)
                let open = try await LotInputs.open(session, job: Self.job, positions: start..<start + 100)
                #expect(open.isEmpty)
                let vision = try await LotInputs.vision(session, job: Self.job, positions: positions)
                #expect(vision.map(\.position) == positions)
                let translation = try await LotInputs.translation(session, job: Self.job, positions: positions)
                #expect(translation.map(\.position) == positions)
                let facts = try await LotInputs.facts(session, job: Self.job, positions: positions)
                #expect(facts.map(\.position) == positions && facts.allSatisfy { $0.english == "[]" })
            }
            let read = try await Self.rowsRead(session)
            #expect(read <= 12 * Self.lots)
        }
    }

    @Test("a webhook's lots are found by key")
    func delivery() async throws {
        try await Self.withJob(["final"]) { session in
            let id = Identifier.random()
            try await session.execute(
                """
                INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, event, positions)
                SELECT '\(id)', '\(Self.job)', 'http://a.example/', 'batch_job_completed', array_agg(n ORDER BY n)
                FROM generate_series(0, \(Self.lots - 1)) n
                """)
            for offset in stride(from: 0, to: Self.lots, by: DeliveryContent.pageLots) {
                let page = try await DeliveryContent.lots(session, delivery: id, offset: offset)
                #expect(page.count == DeliveryContent.pageLots && page.total == Self.lots)
            }
            let read = try await Self.rowsRead(session)
            #expect(read <= 3 * Self.lots)
        }
    }

    @Test("a window has only its own missing lots")
    func windows() async throws {
        try await Self.withJob(["images"]) { session in
            try await session.execute(
                """
                INSERT INTO lot_results (job_id, stage, position, succeeded, payload)
                VALUES ('\(Self.job)', 'final', 101, false, '{}'), ('\(Self.job)', 'vision', 102, true, '')
                """)
            let page = try await RemainingLots.page(
                session, job: Self.job, stage: .vision, positions: 100..<105, limit: 100)
            #expect(page.map(\.position) == [100, 103, 104])
            let open = try await LotInputs.open(session, job: Self.job, positions: 100..<105)
            #expect(open == [100, 102, 103, 104])
        }
    }
}
