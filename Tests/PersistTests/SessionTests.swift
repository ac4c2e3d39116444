// Exclusive connections: transactions, kills, cancellation, waiting.
import Engine
import TestSupport
import Testing

@Suite("Sessions and transactions", .timeLimit(.minutes(1)))
struct SessionTests {
    static let insert = Statement("s.insert", "INSERT INTO t (a) VALUES ($1)")
    static let count = Statement("s.count", "SELECT count(*) FROM t")
    static let pid = Statement("s.pid", "SELECT pg_backend_pid()")
    static let kill = Statement("s.kill", "SELECT pg_terminate_backend($1)")
    static let sleep = Statement("s.sleep", "SELECT pg_sleep(30)")
    struct Mishap: Error {}

    @Test("a transaction commits when its body returns and leaves nothing when it throws")
    func commitAndRollback() async throws {
        try await withDatabase({ $0.connections = 1 }) { database in
            try await database.script("CREATE TABLE t (a integer)")
            try await database.transaction { session in
                _ = try await session.query(Self.insert, [.int4(1)])
                // Other sessions do not see it yet.
                let outside = try await database.query(Self.count)
                #expect(outside[0].int(0) == 0)
            }
            do {
                try await database.transaction { session in
                    _ = try await session.query(Self.insert, [.int4(2)])
                    throw Mishap()
                }
                Issue.record("the body's error was swallowed")
            } catch is Mishap {}
            let total = try await database.query(Self.count)
            #expect(total[0].int(0) == 1)
        }
    }

    @Test("a transaction with an ignored failure is not reported as committed")
    func abortedCommit() async throws {
        try await withDatabase { database in
            try await database.script("CREATE TABLE t (a integer)")
            let error = await databaseError {
                try await database.transaction { session in
                    _ = try await session.query(Self.insert, [.int4(1)])
                    _ = try? await session.query(Statement("s.bad", "SELECT 1/0"))
                }
            }
            #expect(error?.sqlState == "25P02")
            let total = try await database.query(Self.count)
            #expect(total[0].int(0) == 0)
        }
    }

    @Test("a session that leaves a transaction open is rolled back before the next one gets its connection")
    func leftOpen() async throws {
        try await withDatabase({ $0.connections = 1 }) { database in
            try await database.script("CREATE TABLE t (a integer)")
            let first = try await database.session { session in
                try await session.execute("BEGIN")
                _ = try await session.query(Self.insert, [.int4(1)])
                return try await session.query(Self.pid)[0].int(0)
            }
            let (second, seen) = try await database.session { session in
                (try await session.query(Self.pid)[0].int(0), try await session.query(Self.count)[0].int(0))
            }
            #expect(first == second && seen == 0)
        }
    }

    @Test("statements of one session issued together run in their order")
    func together() async throws {
        try await withDatabase { database in
            let loop = try #require(Loop.current)
            try await database.script("CREATE TABLE t (a integer)")
            let counts = try await database.session { session in
                var counts: [Int] = []
                let tasks = (0..<20).map { number in
                    loop.spawn {
                        if number == 10 {
                            try? await session.execute("INSERT INTO t VALUES (-1); INSERT INTO t VALUES (-2)")
                        }
                        _ = try? await session.query(Self.insert, [.int4(number)])
                        counts.append((try? await session.query(Self.count)[0].int(0)) ?? -1)
                    }
                }
                for task in tasks { await task.value }
                return counts
            }
            #expect(counts == counts.sorted() && counts.count == 20 && counts.last == 22)
        }
    }

    @Test("a task cancelled in a statement ends its connection, and the pool makes another")
    func cancellation() async throws {
        try await withDatabase({ $0.connections = 1 }) { database in
            let loop = try #require(Loop.current)
            try await database.script("CREATE TABLE t (a integer)")
            var kind: DatabaseError.Kind?
            let before = try await database.session { try await $0.query(Self.pid)[0].int(0) }
            let task = loop.spawn {
                kind = await databaseError {
                    try await database.transaction { session in
                        _ = try await session.query(Self.insert, [.int4(1)])
                        _ = try await session.query(Self.sleep)
                    }
                }?.kind
            }
            let asleep = Statement(
                "s.asleep", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = $1")
            try await eventually(loop) { try await database.query(asleep, [.int4(before)])[0].int(0) == 1 }
            task.cancel()
            await task.value
            #expect(kind == .cancelled)
            let after = try await database.session { try await $0.query(Self.pid)[0].int(0) }
            #expect(after != before)
            let total = try await database.query(Self.count)
            #expect(total[0].int(0) == 0)
            // The server detects it too, long before the thirty seconds have passed.
            try await eventually(loop) { try await database.query(asleep, [.int4(before)])[0].int(0) == 0 }
        }
    }

    @Test("a task cancelled between statements still gets its ROLLBACK, and the connection lives on")
    func cancelledBetween() async throws {
        try await withDatabase({ $0.connections = 1 }) { database in
            let loop = try #require(Loop.current)
            try await database.script("CREATE TABLE t (a integer)")
            let before = try await database.session { try await $0.query(Self.pid)[0].int(0) }
            var inserted = false
            let task = loop.spawn {
                try? await database.transaction { session in
                    _ = try await session.query(Self.insert, [.int4(1)])
                    inserted = true
                    try await loop.sleep(seconds: 3600)
                }
            }
            try await eventually(loop) { inserted }
            task.cancel()
            await task.value
            let (after, seen) = try await database.session { session in
                (try await session.query(Self.pid)[0].int(0), try await session.query(Self.count)[0].int(0))
            }
            #expect(after == before && seen == 0)
        }
    }

    @Test("a backend killed during a statement gives a clear error, then recovery without help")
    func killed() async throws {
        try await withDatabase({ $0.connections = 1 }) { database in
            let loop = try #require(Loop.current)
            var kinds: [DatabaseError.Kind?] = []
            var victim = 0
            let task = loop.spawn {
                kinds.append(
                    await databaseError {
                        try await database.session { session in
                            victim = try await session.query(Self.pid)[0].int(0)
                            _ = try await session.query(Self.sleep)
                        }
                    }?.kind)
                kinds.append(
                    await databaseError {
                        try await database.transaction { session in
                            victim = try await session.query(Self.pid)[0].int(0)
                            _ = try await session.query(Self.sleep)
                        }
                    }?.kind)
            }
            for round in 1...2 {
                try await eventually(loop) { victim != 0 }
                _ = try await database.query(Self.kill, [.int4(victim)])
                victim = 0
                try await eventually(loop) { kinds.count == round }
            }
            await task.value
            // Within a transaction the statement certainly did not happen.
            #expect(kinds == [.lost(mayHaveHappened: true), .lost(mayHaveHappened: false)])
            try await eventually(loop) { await databaseError { try await database.script("SELECT 1") } == nil }
        }
    }

    @Test("a connection lost in COMMIT leaves the outcome unknown")
    func lostCommit() async throws {
        try await withDatabase { database in
            // The constraint's trigger runs within COMMIT and kills its own backend.
            try await database.script(
                """
                CREATE TABLE t (a integer);
                CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER last AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION die()
                """)
            let error = await databaseError {
                try await database.transaction { _ = try await $0.query(Self.insert, [.int4(1)]) }
            }
            #expect(error?.kind == .lost(mayHaveHappened: true))
        }
    }

    @Test("waiting for a connection is bounded in number and in time")
    func waiting() async throws {
        try await withDatabase({
            $0.connections = 1
            $0.waitersMax = 2
        }) { database in
            let loop = try #require(Loop.current)
            var order: [Int] = []
            try await database.session { _ in
                let waiting = (1...2).map { number in
                    loop.spawn { try? await database.session { _ in order.append(number) } }
                }
                let third = await databaseError { try await database.session { _ in } }
                #expect(third?.kind == .busy)
                waiting[0].cancel()
                await waiting[0].value
                let fourth = loop.spawn { try? await database.session { _ in order.append(4) } }
                loop.spawn {
                    await waiting[1].value
                    await fourth.value
                    order.append(0)
                }
            }
            try await eventually(loop) { order.last == 0 }
            #expect(order == [2, 4, 0])
        }
        try await withDatabase({ $0.connections = 1 }) { database in
            try await database.script("SELECT 1")
            var impatient = database.configuration
            impatient.acquireSeconds = 0.05
            let other = Database(on: try #require(Loop.current), configuration: impatient)
            other.start()
            let loop = try #require(Loop.current)
            try await eventually(loop) { await databaseError { try await other.script("SELECT 1") } == nil }
            try await other.session { _ in }
            var held: [Task<Void, Never>] = []
            for _ in 0..<1 {
                held.append(loop.spawn { try? await other.session { try await $0.execute("SELECT pg_sleep(0.5)") } })
            }
            let error = await databaseError { try await other.session { _ in } }
            #expect(error?.kind == .busy)
            for task in held { await task.value }
            await other.close()
        }
    }
}
