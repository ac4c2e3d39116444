// A PostgreSQL that freezes, stops, or loses its connections, under a working service: requests are refused soon, the
// process stays, and jobs continue by themselves. Loop-bound.
import Engine
import Foundation
import LoadtestKit
import TestSupport
import Testing

@Suite("Database trouble", .timeLimit(.minutes(5)), .serialized)
struct DatabaseTroubleTests {
    /// A job with a running batch that does not end before `release`.
    private static func begin(_ world: World) async throws -> (job: String, lots: [World.SampleLot]) {
        let lots = world.lots([0, 1, 2, 4, 5])
        let job = try await world.submit(lots, languages: ["en", "ru"])
        try await world.until("the batch is there") { world.openAI.batches.count == 1 }
        return (job, lots)
    }

    private static func end(_ job: String, _ lots: [World.SampleLot], _ world: World) async throws {
        try await world.waitUntil(job, "completed")
        let results = try await world.results(of: job)
        for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en", "ru"])) }
        try await world.expectSoundBooks(job)
    }

    private static func poll(_ job: String, _ world: World) async throws -> (status: Int, seconds: Double) {
        let begun = Monotonic.seconds()
        let status = try await world.client.send("GET", "/api/v1/batch-status/\(job)", signing: job).status
        return (status, Monotonic.seconds() - begun)
    }

    /// The median: the machine may delay one of them.
    private static func expectQuickRefusals(_ job: String, _ world: World) async throws {
        var polls: [(status: Int, seconds: Double)] = []
        for _ in 0..<5 { polls.append(try await poll(job, world)) }
        #expect(polls.allSatisfy { $0.status == 503 } && polls.map(\.seconds).sorted()[2] < 3, "\(polls)")
    }

    @Test("C4.5: with a frozen database requests get 503 long before a statement's time-out; thawed, work continues")
    func frozen() async throws {
        try await PrivatePostgres.with { postgres in
            try await World.run(openAI: BatchFaultTests.options("{}", seconds: 3), database: postgres.url) { world in
                let pid = world.server.pid
                let (job, lots) = try await Self.begin(world)
                postgres.freeze()
                // The first requests wait for the proof of the failure: 2 s of silence, 2 s for a new connection.
                let first = try await Self.poll(job, world)
                #expect(first.status == 503 && first.seconds < 25, "\(first)")
                try await Self.expectQuickRefusals(job, world)
                let post = try await world.client.generate(lots.map { $0.json(webhook: nil) })
                #expect(post.status == 503 && post.headers.contains { $0.name.lowercased() == "retry-after" })
                postgres.thaw()
                let begun = Monotonic.seconds()
                try await world.until("polls are answered") { try await Self.poll(job, world).status == 200 }
                let back = Monotonic.seconds() - begun
                #expect(back < 15)
                print("frozen database: first 503 after \(first.seconds) s, answers \(back) s after its return")
                try await Self.end(job, lots, world)
                #expect(world.server.pid == pid)
            }
        }
    }

    @Test("C5.1: a stopped database costs only its down time")
    func stopped() async throws {
        try await PrivatePostgres.with { postgres in
            try await World.run(openAI: BatchFaultTests.options("{}", seconds: 3), database: postgres.url) { world in
                let (job, lots) = try await Self.begin(world)
                try await postgres.stop()
                try await Self.expectQuickRefusals(job, world)
                #expect(try await world.client.generate(lots.map { $0.json(webhook: nil) }).status == 503)
                try await world.until("the provider is done") {
                    _ = await world.openAI.state()
                    return world.openAI.batches[0].status == .completed
                }
                try await postgres.start()
                let begun = Monotonic.seconds()
                let later = "SELECT 1 FROM openai_batches WHERE state = 'collected' AND round > 0"
                try await world.until("work has gone on") { ((try? await world.rows(later))?.count ?? 0) > 0 }
                let back = Monotonic.seconds() - begun
                #expect(back < 15)
                print("stopped database: work goes on \(back) s after its return")
                try await Self.end(job, lots, world)
            }
        }
    }

    @Test("C5.1: if the second host of the URL takes over from the first, work continues there")
    func failover() async throws {
        try await PrivatePostgres.with { first in
            try await first.withStandby { second in
                let parts = try #require(URLComponents(string: first.url)), other = URLComponents(string: second.url)
                let login = "\(parts.user ?? ""):\(parts.password ?? "")"
                let hosts = [parts.port, other?.port].map { "127.0.0.1:\($0 ?? 0)" }.joined(separator: ",")
                let both = "postgresql://\(login)@\(hosts)\(parts.path)?target_session_attrs=read-write"
                try await World.run(openAI: BatchFaultTests.options("{}", seconds: 3), database: both) { world in
                    for setting in ["synchronous_standby_names = '*'", "synchronous_commit = 'remote_apply'"] {
                        try await world.database.session { try await $0.execute("ALTER SYSTEM SET \(setting)") }
                    }
                    try await world.database.session { try await $0.execute("SELECT pg_reload_conf()") }
                    let pid = world.server.pid
                    let (job, lots) = try await Self.begin(world)
                    try await first.stop()
                    #expect(try await Self.poll(job, world).status == 503)
                    let standby = Database(on: world.loop, configuration: DatabaseConfiguration(url: second.url))
                    standby.start()
                    try await standby.session {
                        // A synchronous standby that is gone would block every commit on the new server.
                        try await $0.execute("SELECT pg_promote()")
                        try await $0.execute("ALTER SYSTEM RESET ALL")
                        try await $0.execute("SELECT pg_reload_conf()")
                    }
                    await standby.close()
                    let begun = Monotonic.seconds()
                    try await world.until("polls are answered") { try await Self.poll(job, world).status == 200 }
                    print("failover: answers \(Monotonic.seconds() - begun) s after the promotion")
                    try await Self.end(job, lots, world)
                    #expect(world.server.pid == pid)
                }
            }
        }
    }

    @Test("C5.1: connections killed repeatedly, at any moment, lose nothing")
    func killedBackends() async throws {
        try await World.run(openAI: BatchFaultTests.options("{}", seconds: 1)) { world in
            let killer = LoopTask(on: world.loop) {
                let kill = Statement(
                    "t_kill_all",
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                        AND application_name = 'generation-service'
                    """)
                for _ in 0..<20 {
                    _ = try? await world.database.query(kill)
                    try await world.loop.sleep(seconds: 0.3)
                }
            }
            var job: String?
            let lots = world.lots([0, 1, 2, 4, 5])
            try await world.until("the job is taken") {
                let reply = try await world.client.generate(
                    lots.map { $0.json(webhook: world.webhooks.baseURL + "/ok/faults") }, languages: ["en", "ru"],
                    headers: [("Idempotency-Key", "killed-backends")])
                job = reply.status == 201 ? reply.json["job_id"]?.string : nil
                return job != nil
            }
            let id = try #require(job)
            try? await killer.value()
            try await Self.end(id, lots, world)
            #expect(try await world.rows("SELECT 1 FROM batch_jobs").count == 1)
        }
    }
}
