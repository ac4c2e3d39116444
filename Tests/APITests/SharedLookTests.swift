// Shared look-ups of pages: one query for all of them, and a figure that all loops share.
import Engine
import TestSupport
import Testing

@testable import Server

@Suite("Shared look-ups", .timeLimit(.minutes(1)))
struct SharedLookTests {
    @Test("one query serves all concurrent callers, and its answer is cached for a while")
    func together() async throws {
        try await onLoop { loop in
            let look = SharedLook<Int>(on: loop, freshSeconds: 3600)
            var asked = 0
            let ask: () async throws -> Int = {
                asked += 1
                await loop.yield()
                return asked
            }
            let answers = try await loop.gather([1, 2, 3]) { _ in try await look.look(ask) }
            #expect(answers == [1, 1, 1])
            let again = try await look.look(ask)
            #expect(again == 1 && asked == 1)
            // An unsuitable answer is queried again, once for all callers.
            let better = try await loop.gather([1, 2]) { _ in try await look.look(isGood: { $0 > 1 }, ask) }
            #expect(better == [2, 2] && asked == 2)
            look.close()
        }
    }

    @Test("a cancelled caller does not end it for the others; a failure reaches all waiters and is not cached")
    func trouble() async throws {
        try await onLoop { loop in
            let look = SharedLook<Int>(on: loop, freshSeconds: 3600)
            let first = LoopTask(on: loop) {
                try await look.look {
                    await loop.yield()
                    return 7
                }
            }
            let second = LoopTask(on: loop) { try await look.look { 8 } }
            first.cancel()
            let seventh = try await second.value()
            #expect(seventh == 7)
            let other = SharedLook<Int>(on: loop, freshSeconds: 3600)
            let failing = (0..<2).map { _ in
                LoopTask(on: loop) {
                    try await other.look {
                        await loop.yield()
                        throw JobNotStored()
                    }
                }
            }
            for task in failing { await #expect(throws: JobNotStored.self) { _ = try await task.value() } }
            let ninth = try await other.look { 9 }
            #expect(ninth == 9)
        }
    }

    @Test("a caller that times out gets no answer; the query continues for the next one")
    func patience() async throws {
        try await onLoop { loop in
            let look = SharedLook<Int>(on: loop, freshSeconds: 3600)
            var answer: Ticket<Int>?
            let ask: () async throws -> Int = { try await loop.park { answer = $0 } }
            await #expect(throws: SharedLook<Int>.Late.self) { _ = try await look.look(atMost: 0.01, ask) }
            let next = LoopTask(on: loop) { try await look.look(ask) }
            answer?.resume(7)
            let seventh = try await next.value()
            #expect(seventh == 7)
        }
    }

    @Test("C9: ended stages are not counted again; the open one is counted again after progress")
    func stages() async throws {
        try await TestServer.with { _, url in
            try await PollTests.makeJob(url)
            try await onDatabase(url) { session in
                let rows = """
                    INSERT INTO lot_results (job_id, stage, position, succeeded, payload)
                    SELECT '\(PollTests.id)', '%', n, n > 0, '' FROM generate_series(0, 1) AS n
                    """
                try await session.execute(rows.replacing("%", with: "images"))
                try await session.execute(rows.replacing("%", with: "vision"))
            }
            try await onLoop { loop in
                let database = Database(on: loop, configuration: DatabaseConfiguration(url: url))
                database.start()
                let insides = InsideLooks(on: loop, database: database)
                let id = try #require(Identifier(PollTests.id))
                var job = try #require(try await FindJob.run(database, job: id))
                let first = try await insides.look(job)
                #expect(first.stages.map(\.done) == [2, 2, 0, 2] && first.stages.map(\.failed) == [1, 1, 0, 1])
                // The images stage has ended: new rows would not count.
                try await database.session {
                    try await $0.execute("UPDATE lot_results SET position = position + 10 WHERE stage = 'vision'")
                    try await $0.execute("DELETE FROM lot_results WHERE stage = 'images'")
                    try await $0.execute("DELETE FROM lot_results WHERE stage = 'vision' AND position = 10")
                }
                let same = try await insides.look(job)
                job.stage = "translation"
                let later = try await insides.look(job)
                #expect(same.stages.map(\.done) == [2, 2, 0, 2] && later.stages.map(\.done) == [2, 1, 0, 2])
                insides.close()
                await database.close()
            }
        }
    }

    @Test("C9: the CPU share is one figure for all loops and covers at least a second")
    func processor() {
        let share = ProcessorShare()
        #expect(share.note(.init(busy: 1000, all: 100_000), at: 0) == nil)
        #expect(share.note(.init(busy: 1005, all: 100_010), at: 0.1) == 50)
        #expect(share.note(.init(busy: 1005, all: 100_050), at: 0.5) == 50)
        #expect(share.note(.init(busy: 1025, all: 100_110), at: 1.2) == 20)
        #expect(share.note(.init(busy: 1000, all: 100_000), at: 3) == 20)
    }
}
