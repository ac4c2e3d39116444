// Statements that share connections: isolation, limits, cancellation.
import Engine
import TestSupport
import Testing

@Suite("Queries that share connections", .timeLimit(.minutes(1)))
struct QueryTests {
    static let echo = Statement("test.echo", "SELECT $1 + 0")
    static let divide = Statement("test.divide", "SELECT 10 / $1")

    @Test("many concurrent queries share two connections and each gets its own answer")
    func pipelining() async throws {
        try await withDatabase({ $0.sharedConnections = 2 }) { database in
            _ = try await database.query(Self.echo, [.int4(1)])
            let loop = try #require(Loop.current)
            var answers: [Int: Int] = [:]
            let tasks = (0..<500).map { number in
                loop.spawn {
                    answers[number] = try? await database.query(Self.echo, [.int4(number)])[0].int(0)
                }
            }
            for task in tasks { await task.value }
            #expect(answers == Dictionary(uniqueKeysWithValues: (0..<500).map { ($0, $0) }))
        }
    }

    @Test("queries use one connection without waiting for each other's answers")
    func inFlight() async throws {
        try await withDatabase({ $0.sharedConnections = 1 }) { database in
            let slow = Statement("test.slow", "SELECT pg_sleep(0.3), pg_backend_pid()")
            let loop = try #require(Loop.current)
            _ = try await database.query(Self.echo, [.int4(1)])
            var order: [Int] = []
            let first = loop.spawn {
                _ = try? await database.query(slow)
                order.append(1)
            }
            let second = loop.spawn {
                _ = try? await database.query(Self.echo, [.int4(2)])
                order.append(2)
            }
            await first.value
            await second.value
            #expect(order == [1, 2])
        }
    }

    @Test("a failed statement aborts no other on the same connection")
    func isolation() async throws {
        try await withDatabase({ $0.sharedConnections = 1 }) { database in
            let loop = try #require(Loop.current)
            let wrong = Statement("test.wrong", "SELECT no_such_column")
            var good = 0
            var states: [String?] = []
            var tasks: [Task<Void, Never>] = []
            for number in 0..<60 {
                tasks.append(
                    loop.spawn {
                        let error = await databaseError {
                            switch number % 3 {
                            case 0: good += try await database.query(Self.divide, [.int4(5)])[0].int(0)
                            case 1: _ = try await database.query(Self.divide, [.int4(0)])
                            default: _ = try await database.query(wrong)
                            }
                        }
                        if number % 3 > 0 { states.append(error?.sqlState) }
                    })
            }
            for task in tasks { await task.value }
            #expect(good == 40)
            #expect(states.filter { $0 == "22012" }.count == 20)
            // The first execution is refused; statements sent behind it find nothing prepared.
            #expect(states.filter { $0 == "42703" || $0 == "26000" }.count == 20)
            #expect(await databaseError { _ = try await database.query(wrong) }?.sqlState == "42703")
        }
    }

    @Test("each statement commits by itself, before its answer arrives")
    func autocommit() async throws {
        try await withDatabase { database in
            try await database.script(
                """
                CREATE TABLE parent (id integer PRIMARY KEY);
                CREATE TABLE child (id integer REFERENCES parent DEFERRABLE INITIALLY DEFERRED)
                """)
            let insert = Statement("test.insert", "INSERT INTO child (id) VALUES ($1)")
            // The deferred constraint fails at the commit, after the statement's own success.
            let error = await databaseError { _ = try await database.query(insert, [.int4(1)]) }
            #expect(error?.sqlState == "23503")
            #expect(try await database.query(Statement("test.count", "SELECT count(*) FROM child"))[0].int(0) == 0)
            let parent = Statement("test.parent", "INSERT INTO parent (id) VALUES ($1), ($2)")
            #expect(try await database.query(parent, [.int4(1), .int4(2)]).affected == 2)
            #expect(try await database.query(insert, [.int4(1)]).affected == 1)
        }
    }

    @Test("messages contain no values")
    func redaction() async throws {
        try await withDatabase { database in
            let cast = Statement("test.cast", "SELECT $1::integer")
            let error = await databaseError { _ = try await database.query(cast, [.text("hunter2")]) }
            #expect(error?.sqlState == "22P02")
            #expect(error?.message.contains("hunter2") == false)
            #expect(error?.message.contains("test.cast") == true)
        }
    }

    @Test("a statement survives a change of its table's columns")
    func replanned() async throws {
        try await withDatabase({ $0.sharedConnections = 1 }) { database in
            try await database.script("CREATE TABLE t (a integer)")
            let all = Statement("test.all", "SELECT * FROM t")
            _ = try await database.query(all)
            try await database.script("ALTER TABLE t ADD b integer")
            #expect(await databaseError { _ = try await database.query(all) }?.sqlState == "0A000")
            #expect(try await database.query(all).isEmpty)
        }
    }

    @Test("a cancelled caller returns at once and the connection stays usable")
    func cancellation() async throws {
        try await withDatabase({ $0.sharedConnections = 1 }) { database in
            let loop = try #require(Loop.current)
            let slow = Statement("test.sleep", "SELECT pg_sleep(0.2)")
            _ = try await database.query(Self.echo, [.int4(1)])
            var kind: DatabaseError.Kind?
            let task = loop.spawn {
                kind = await databaseError { _ = try await database.query(slow) }?.kind
            }
            task.cancel()
            await task.value
            #expect(kind == .cancelled)
            #expect(try await database.query(Self.echo, [.int4(7)])[0].int(0) == 7)
        }
    }

    @Test("the server's limit ends a statement that takes too long")
    func statementTimeout() async throws {
        try await withDatabase({ $0.statementSeconds = 0.2 }) { database in
            let error = await databaseError {
                try await database.session {
                    _ = try await $0.query(Statement("s", "SELECT pg_sleep(30)"), [], limitSeconds: 20)
                }
            }
            #expect(error?.kind == .timedOut)
        }
    }

    @Test("a server that does not answer in time is dropped, and the other callers on its connection fail")
    func clientLimit() async throws {
        try await withDatabase({
            $0.sharedConnections = 1
            $0.statementSeconds = 2
            $0.url += "?options=-c%20statement_timeout%3D0"
        }) { database in
            let loop = try #require(Loop.current)
            _ = try await database.query(Self.echo, [.int4(1)])
            var kinds: [DatabaseError.Kind?] = []
            let first = loop.spawn {
                kinds.append(
                    await databaseError { _ = try await database.query(Statement("s", "SELECT pg_sleep(30)")) }?.kind)
            }
            let second = loop.spawn {
                kinds.append(await databaseError { _ = try await database.query(Self.echo, [.int4(2)]) }?.kind)
            }
            await first.value
            await second.value
            #expect(kinds == [.timedOut, .lost(mayHaveHappened: true)])
            try await eventually(loop) { (try? await database.query(Self.echo, [.int4(3)])[0].int(0)) == 3 }
        }
    }

    @Test("more queries at once than the bound are refused")
    func bound() async throws {
        try await withDatabase({
            $0.sharedConnections = 1
            $0.waitersMax = 3
        }) { database in
            let loop = try #require(Loop.current)
            _ = try await database.query(Self.echo, [.int4(1)])
            let slow = Statement("test.sleep", "SELECT pg_sleep(0.2)")
            // Three under way, five refused.
            var kinds: [DatabaseError.Kind?] = []
            let tasks = (0..<8).map { _ in
                loop.spawn { kinds.append(await databaseError { _ = try await database.query(slow) }?.kind) }
            }
            for task in tasks { await task.value }
            #expect(kinds.filter { $0 == .busy }.count == 5)
            #expect(kinds.filter { $0 == nil }.count == 3)
            #expect(try await database.query(Self.echo, [.int4(5)])[0].int(0) == 5)
        }
    }
}
