// Old jobs are removed with all their rows; everything else stays (C5.8).
import Engine
import TestSupport
import Testing

@Suite("Retention", .timeLimit(.minutes(3)))
struct RetentionTests {
    private static let tables = [
        "batch_jobs", "batch_lots", "lot_results", "openai_batches", "line_failures", "job_usage", "webhook_deliveries",
        "webhook_attempts", "job_events",
    ]

    /// A job with a row in every table, and more lots than one statement removes.
    private static func job(_ number: Int, endedDaysAgo days: Double, status: String, delivery: String) -> String {
        let id = "00000000-0000-4000-8000-00000000000\(number)"
        return """
            INSERT INTO batch_jobs (id, status, version, languages, total_lots, webhook_configured, completed_at)
                VALUES ('\(id)', '\(status)', '1.0.0', '{en}', 6000, true, now() - interval '\(days) days');
            INSERT INTO batch_lots SELECT '\(id)', n, 'lot', NULL, NULL, '[]', 0 FROM generate_series(1, 6000) n;
            INSERT INTO lot_results SELECT '\(id)', 'final', n, true, 0, '{}', now() FROM generate_series(1, 6000) n;
            INSERT INTO openai_batches (id, job_id, stage, round, sequence, state, model, positions, account)
                VALUES ('\(id)', '\(id)', 'vision', 1, 1, 'collected', 'm', '{1}', 'a');
            INSERT INTO line_failures VALUES ('\(id)', '\(id)', 'vision', 1, 1, 'r', false, true);
            INSERT INTO job_usage VALUES ('\(id)', 'm', 1, 1);
            INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, status, event)
                VALUES ('\(id)', '\(id)', 'http://x', '\(delivery)', 'e');
            INSERT INTO webhook_attempts VALUES ('\(id)', 1, now());
            INSERT INTO job_events (job_id, event) VALUES ('\(id)', 'created');
            """
    }

    @Test("C5.8: expired jobs are removed with all their rows; younger, open and undelivered ones stay")
    func prune() async throws {
        try await withMigratedDatabase { loop, database in
            try await database.session { session in
                try await session.execute(
                    Self.job(1, endedDaysAgo: 31, status: "completed", delivery: "delivered")
                        + Self.job(2, endedDaysAgo: 31, status: "failed", delivery: "failed")
                        + Self.job(3, endedDaysAgo: 29, status: "completed", delivery: "delivered")
                        + Self.job(4, endedDaysAgo: 31, status: "processing", delivery: "delivered")
                        + Self.job(5, endedDaysAgo: 31, status: "completed", delivery: "pending"))
            }
            let pruners = (0..<2).map { _ in Pruner(on: loop, database: database, keepSeconds: 30 * 86_400) }
            let removed = try await loop.gather(pruners) { try await $0.runOnce() }
            #expect(removed.reduce(0, +) == 2)
            for table in Self.tables {
                let key =
                    switch table {
                    case "batch_jobs": "id"
                    case "webhook_deliveries": "batch_job_id"
                    case "webhook_attempts": "delivery_id"
                    default: "job_id"
                    }
                let left = try await Self.keys(database, "SELECT DISTINCT \(key)::text FROM \(table) ORDER BY 1")
                #expect(left.map { $0.suffix(1) } == ["3", "4", "5"], "\(table)")
            }
            #expect(try await pruners[0].runOnce() == 0)
        }
    }

    @Test("C5.8: the tables do not grow over generations of jobs; no step holds locks for long")
    func size() async throws {
        try await withMigratedDatabase { loop, database in
            let pruner = Pruner(on: loop, database: database, keepSeconds: 30 * 86_400)
            // An autoanalyze at this moment would keep VACUUM from removing rows that were alive when it began.
            for table in Self.tables {
                try await database.session { session in
                    try await session.execute("ALTER TABLE \(table) SET (autovacuum_enabled = off)")
                }
            }
            var sizes: [Int] = []
            for _ in 0..<6 {
                try await database.session { try await $0.execute(Self.generation) }
                #expect(try await pruner.runOnce() == 40)
                // Autovacuum does the same sooner or later.
                for table in Self.tables { try await database.session { try await $0.execute("VACUUM \(table)") } }
                let names = Self.tables.map { "pg_total_relation_size('\($0)')" }.joined(separator: " + ")
                sizes.append(Int(try await Self.keys(database, "SELECT \(names)")[0]) ?? 0)
            }
            print("retention: bytes of all tables after each of six generations: \(sizes)")
            // Six generations that stayed would be three times two. VACUUM may vary it by one: it skips pages in use.
            #expect(sizes[5] < sizes[1] * 2, "\(sizes)")
        }
    }

    /// Forty ended jobs of 250 lots with texts of 1 kB, with rows written as the engine does: a job's own row many
    /// times.
    private static let generation = """
        WITH j AS (INSERT INTO batch_jobs (id, status, version, languages, total_lots, webhook_configured, completed_at)
            SELECT gen_random_uuid(), 'processing', '1.0.0', '{en}', 250, true, now() - interval '31 days'
            FROM generate_series(1, 40) RETURNING id),
        l AS (INSERT INTO batch_lots SELECT id, n, 'lot', NULL, NULL, repeat(md5(n::text), 8), 0
            FROM j, generate_series(1, 250) n),
        r AS (INSERT INTO lot_results SELECT id, s, n, true, 0, repeat(md5(n::text), 32), now()
            FROM j, generate_series(1, 250) n, unnest(ARRAY['images', 'vision', 'final']) s),
        b AS (INSERT INTO openai_batches (id, job_id, stage, round, sequence, state, model, positions, account)
            SELECT gen_random_uuid(), id, 'vision', 1, 1, 'collected', 'm', '{1}', 'a' FROM j)
        INSERT INTO job_events (job_id, event) SELECT id, 'created' FROM j, generate_series(1, 8);
        DO $$ BEGIN FOR i IN 1..20 LOOP
            UPDATE batch_jobs SET updated_at = clock_timestamp(), processed_lots = i WHERE status = 'processing';
            UPDATE openai_batches SET not_before = clock_timestamp() WHERE state = 'collected';
        END LOOP; END $$;
        UPDATE batch_jobs SET status = 'completed'
        """

    @Test("C5.8, C6.3: a job is not removed during a redelivery, and a redelivery does not start during a removal")
    func redelivery() async throws {
        try await withMigratedDatabase { loop, database in
            let id = try #require(Identifier("00000000-0000-4000-8000-000000000001"))
            try await database.session { session in
                try await session.execute(Self.job(1, endedDaysAgo: 31, status: "completed", delivery: "failed"))
            }
            // During and after a redelivery the job stays.
            let during = try await database.transaction { session in
                let started = try await RedeliverDelivery.run(session, delivery: id)
                return (started, try await database.transaction { try await Self.retire($0) })
            }
            #expect(during == (.started(job: id), 0))
            #expect(try await database.transaction { try await Self.retire($0) } == 0)
            try await database.session { try await $0.execute("UPDATE webhook_deliveries SET status = 'failed'") }
            // During the job's removal the redelivery waits, then finds nothing.
            let (retired, late) = try await database.transaction { session in
                let retired = try await Self.retire(session)
                let late = LoopTask(on: loop) {
                    try await database.transaction { try await RedeliverDelivery.run($0, delivery: id) }
                }
                try await Self.untilSomebodyWaits(database, loop)
                return (retired, late)
            }
            #expect(retired == 1)
            #expect(try await late.value() == .unknown)
        }
    }

    private static func retire(_ session: DatabaseSession) async throws -> Int {
        try await PruneJobs.retire(session, afterSeconds: 30 * 86_400)
    }

    /// Waits until a statement waits for a row's lock.
    private static func untilSomebodyWaits(_ database: Database, _ loop: Loop) async throws {
        let waiting = Statement(
            "t_waiting",
            """
            SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
            """)
        for _ in 0..<1000 {
            if try await !database.query(waiting).isEmpty { return }
            try await loop.sleep(seconds: 0.01)
        }
        Issue.record("nobody waits")
    }

    private static func keys(_ database: Database, _ sql: String) async throws -> [String] {
        try await database.session { session in
            var bytes: [UInt8] = []
            let copy = try await session.copyOut("COPY (\(sql)) TO STDOUT")
            while let more = try await copy.next() { bytes += more }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }
}
