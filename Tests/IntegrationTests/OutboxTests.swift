// Rows of the outbox: claims of deliveries, and their bookings. Loop-bound.
import TestSupport
import Testing

@testable import Engine

@Suite("The outbox in the database", .timeLimit(.minutes(1)))
struct OutboxTests {
    private static let jobs = (1...3).map { Identifier(high: 0x4000, low: 0x8000_0000_0000_0000 + UInt64($0)) }

    /// Runs `body` on a migrated database, with a live incarnation.
    private func withOutbox(_ body: @escaping @Sendable (Database, Identifier) async throws -> Void) async throws {
        try await withMigratedDatabase { _, database in
            let incarnation = Identifier.random()
            #expect(try await Instances.beat(database, instance: "a", incarnation: incarnation))
            try await body(database, incarnation)
        }
    }

    /// `count` due deliveries of a job; `url` may use the number `n`, in SQL.
    private static func insert(_ database: Database, job: Identifier, url: String, count: Int) async throws {
        try await database.session { session in
            try await session.execute(
                """
                INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, event, next_attempt_at, positions)
                    SELECT gen_random_uuid(), '\(job)', \(url), 'e', now() - interval '1 hour', ARRAY[n]
                    FROM generate_series(1, \(count)) AS n
                """)
        }
    }

    private static func claim(
        _ database: Database, _ incarnation: Identifier,
        _ load: DeliveryLoad = DeliveryLoad(
            perReceiverMax: 8, perJobMax: 64), limit: Int = 128
    ) async throws -> [DeliveryRecord] {
        let ids = try await ClaimDeliveries.due(
            database, incarnation: incarnation, silentSeconds: 10, limit: limit, load: load)
        return try await take(database, incarnation, ids)
    }

    private static func take(
        _ database: Database, _ incarnation: Identifier, _ ids: [Identifier], doubtful: [Identifier] = []
    ) async throws -> [DeliveryRecord] {
        try await ClaimDeliveries.take(
            database, incarnation: incarnation, silentSeconds: 10, holdSeconds: 60, ids: Set(ids),
            doubtful: Set(doubtful))
    }

    @Test("C6.3: a receiver gets attempts up to its room, and does not block the others")
    func busyReceiver() async throws {
        try await withOutbox { database, incarnation in
            try await Self.insert(database, job: Self.jobs[0], url: "'https://Busy.example:81/' || n", count: 500)
            try await Self.insert(database, job: Self.jobs[1], url: "'http://idle.example?x'", count: 1)
            var load = DeliveryLoad(perReceiverMax: 8, perJobMax: 64)
            let first = try await Self.claim(database, incarnation, load, limit: 6)
            #expect(first.map(\.receiver) == Array(repeating: "busy.example:81", count: 6))
            first.forEach { load.began($0) }
            let second = try await Self.claim(database, incarnation, load, limit: 122)
            #expect(second.map(\.receiver) == ["busy.example:81", "busy.example:81"])
            second.forEach { load.began($0) }
            let third = try await Self.claim(database, incarnation, load)
            #expect(third.map(\.url) == ["http://idle.example?x"])
            #expect(try await ClaimDeliveries.secondsToNext(database, load: load) == nil)
            load.ended(second[0])
            #expect((try await ClaimDeliveries.secondsToNext(database, load: load) ?? 0) < -3000)
            #expect(try await Self.claim(database, incarnation, load).count == 1)
            try await DeliveryAttempts.putBack(
                database, deliveries: third.map(\.id), incarnation: incarnation, waitSeconds: 100)
            load.began(second[0])
            let next = try await ClaimDeliveries.secondsToNext(database, load: load) ?? 0
            #expect((90...100).contains(next))
        }
    }

    @Test("C6.3: a job with thousands of receivers does not block another job")
    func busyJob() async throws {
        try await withOutbox { database, incarnation in
            try await Self.insert(database, job: Self.jobs[0], url: "'http://h' || n || '.example/'", count: 2000)
            try await Self.insert(database, job: Self.jobs[1], url: "'http://other.example/'", count: 1)
            var load = DeliveryLoad(perReceiverMax: 8, perJobMax: 64)
            let first = try await Self.claim(database, incarnation, load)
            #expect(first.count == 64 && Set(first.map(\.job)) == [Self.jobs[0]])
            first.forEach { load.began($0) }
            let second = try await Self.claim(database, incarnation, load, limit: 64)
            #expect(second.map(\.job) == [Self.jobs[1]])
        }
    }

    @Test("C6.1: deliveries older than the third migration get their lots; those of removed jobs are deleted")
    func migration() async throws {
        try await TestDatabase.with { url in
            try await onDatabase(url) { session in
                _ = try await Migrator.run(session, migrations: Migrations.all.filter { $0.number < 3 })
                let (job, gone) = (Self.jobs[0], Self.jobs[1])
                try await session.execute(
                    """
                    INSERT INTO batch_jobs (id, status, version, languages, total_lots, webhook_configured)
                        VALUES ('\(job)', 'completed', '1.0.0', '{en}', 5, true);
                    INSERT INTO batch_lots SELECT '\(job)', n, 'lot', NULL,
                        (ARRAY['http://A:1/x', 'http://b?y'])[n % 3], '[]', 0 FROM generate_series(0, 4) AS n;
                    INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, event) VALUES
                        (gen_random_uuid(), '\(job)', 'http://A:1/x', 'e'),
                        (gen_random_uuid(), '\(job)', 'http://b?y', 'e'),
                        (gen_random_uuid(), '\(gone)', 'http://c', 'e'),
                        (gen_random_uuid(), '\(gone)', 'http://d', 'e');
                    INSERT INTO webhook_attempts SELECT id, 1, now() FROM webhook_deliveries
                    """)
                #expect(try await Migrator.run(session, migrations: Migrations.all).contains(3))
                let rows = try await session.query(
                    Statement(
                        "t_migrated",
                        """
                        SELECT receiver, positions, first_position FROM webhook_deliveries
                            JOIN webhook_attempts ON delivery_id = id ORDER BY receiver
                        """))
                #expect(rows.map { $0.text(0) } == ["a:1", "b"])
                #expect(rows.map { $0.intArray(1) } == [[1, 4], [2]])
                #expect(rows.map { $0.int(2) } == [1, 2])
            }
        }
    }

    @Test("C6.2: a claim ends with its holder's incarnation, independent of our own heartbeat")
    func deadHolder() async throws {
        try await withOutbox { database, incarnation in
            try await Self.insert(database, job: Self.jobs[0], url: "'http://a.example/'", count: 1)
            let dead = Identifier.random()
            #expect(try await Self.claim(database, dead).count == 1)
            // `dead` never had a heartbeat: another incarnation may take the delivery, but `dead` does not take its own
            // again.
            #expect(try await Self.claim(database, dead).isEmpty)
            #expect(try await Self.claim(database, incarnation).count == 1)
            #expect(try await Self.claim(database, dead).isEmpty)
        }
    }

    @Test("C6.2: a claim with a lost reply is repeated; a claim that another holds or has ended is not")
    func doubtfulClaim() async throws {
        try await withOutbox { database, incarnation in
            try await Self.insert(database, job: Self.jobs[0], url: "'http://a.example/'", count: 1)
            let ids = try await Self.claim(database, incarnation).map(\.id)
            #expect(try await Self.take(database, incarnation, ids).isEmpty)
            #expect(try await Self.take(database, incarnation, ids, doubtful: ids).map(\.id) == ids)
            let other = Identifier.random()
            #expect(try await Instances.beat(database, instance: "b", incarnation: other))
            #expect(try await Self.take(database, other, ids, doubtful: ids).isEmpty)
            try await database.session { session in
                try await session.execute("UPDATE webhook_deliveries SET status = 'delivered'")
            }
            #expect(try await Self.take(database, incarnation, ids, doubtful: ids).isEmpty)
        }
    }

    @Test("C6.2: a body that is no longer needed, because the receiver is gone, causes no error")
    func unwantedBody() async throws {
        try await withOutbox { database, incarnation in
            let loop = try #require(Loop.current)
            try await Self.insert(database, job: Self.jobs[0], url: "'http://a.example/'", count: 1)
            let delivery = try #require(try await Self.claim(database, incarnation).first)
            let job = EndedJob(
                status: .completed, createdAt: .now(), endedAt: .now(), totalLots: 1, processedLots: 1, failedLots: 0,
                errorMessage: nil)
            let body = DeliveryBody(delivery, job: job, database: database)
            _ = try await body.next()
            try await database.transaction { session in
                try await session.execute("LOCK TABLE batch_lots")
                let sending = LoopTask(on: loop) { _ = try await body.next() }
                sending.cancel()
                await #expect(throws: DatabaseError.self) { try await sending.value() }
            }
            #expect(body.failure == nil)
        }
    }

    @Test("C6.2: an outcome is booked once, from the attempt's end; an outdated one changes nothing")
    func booking() async throws {
        try await withOutbox { database, incarnation in
            try await Self.insert(database, job: Self.jobs[0], url: "'http://a.example/'", count: 1)
            let delivery = try #require(try await Self.claim(database, incarnation).first)
            func begin(_ attempt: Int) async throws -> Bool {
                try await DeliveryAttempts.begin(
                    database, delivery: delivery.id, attempt: attempt, incarnation: incarnation)
            }
            func end(_ attempt: Int, _ status: DeliveryStatus) async throws {
                try await DeliveryAttempts.end(
                    database, delivery: delivery.id, attempt: attempt, incarnation: incarnation,
                    outcome: AttemptOutcome(httpStatus: 500, error: "HTTP 500"), agoSeconds: 10, status: status,
                    waitSeconds: 100)
            }
            #expect(try await begin(1))
            try await end(1, .pending)
            let wait = try await ClaimDeliveries.secondsToNext(
                database, load: DeliveryLoad(perReceiverMax: 8, perJobMax: 64))
            #expect((80...90).contains(wait ?? 0))
            // Its COMMIT may have got no reply; meanwhile the next attempt runs under the same incarnation.
            try await database.session { session in
                try await session.execute("UPDATE webhook_deliveries SET next_attempt_at = now()")
            }
            #expect(try await Self.claim(database, incarnation).map(\.attempts) == [1])
            #expect(try await begin(1) == false)
            #expect(try await begin(2))
            try await end(1, .failed)
            try await end(2, .failed)
            try await end(2, .delivered)
            let row = try await database.query(
                Statement(
                    "t_booked",
                    """
                    SELECT status, attempt_count, (SELECT count(*) FROM webhook_attempts WHERE ended_at IS NOT NULL)
                    FROM webhook_deliveries
                    """))[0]
            #expect(row.text(0) == "failed" && row.int(1) == 2 && row.int(2) == 2)
        }
    }

    @Test("a delivery in a state that this version does not know is neither sent nor written")
    func unknownState() async throws {
        try await withOutbox { database, incarnation in
            try await Self.insert(database, job: Self.jobs[0], url: "'http://a.example/'", count: 1)
            let delivery = try #require(try await Self.claim(database, incarnation).first)
            try await database.session { session in
                try await session.execute(
                    "ALTER TABLE webhook_deliveries DROP CONSTRAINT webhook_deliveries_status_check")
                try await session.execute(
                    "UPDATE webhook_deliveries SET status = 'paused', next_attempt_at = now() - interval '1 hour'")
            }
            func row() async throws -> String {
                let all = Statement("t_all_deliveries", "SELECT d::text FROM webhook_deliveries d")
                return try await database.query(all, [])[0].text(0)
            }
            let before = try await row()
            #expect(try await Self.claim(database, incarnation).isEmpty)
            #expect(try await Self.take(database, incarnation, [delivery.id], doubtful: [delivery.id]).isEmpty)
            #expect(
                try await DeliveryAttempts.begin(
                    database, delivery: delivery.id, attempt: 1, incarnation: incarnation) == false)
            for status in DeliveryStatus.allCases {
                try await DeliveryAttempts.end(
                    database, delivery: delivery.id, attempt: 1, incarnation: incarnation,
                    outcome: AttemptOutcome(httpStatus: 200, error: nil), agoSeconds: 0, status: status, waitSeconds: 0)
            }
            try await DeliveryAttempts.putBack(
                database, deliveries: [delivery.id], incarnation: incarnation, waitSeconds: 0)
            _ = try await database.transaction { try await RedeliverDelivery.run($0, delivery: delivery.id) }
            #expect(try await row() == before)
            let unknown = DatabaseError.Kind.unknownText(.deliveryStatus)
            func kind(_ read: () async throws(DatabaseError) -> Void) async -> DatabaseError.Kind? {
                do throws(DatabaseError) { try await read() } catch { return error.kind }
                return nil
            }
            #expect(
                await kind { () throws(DatabaseError) in
                    _ = try await DeliveryAttempts.status(database, delivery: delivery.id)
                } == unknown)
            #expect(
                await kind { () throws(DatabaseError) in
                    _ = try await DeliveryPage.run(database, job: Self.jobs[0], after: -1)
                } == unknown)
        }
    }
}
