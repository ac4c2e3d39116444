// Work that changes hands: after a SIGKILL, a restart, an orderly stop. Times are the database's. Loop-bound.
import Engine
import Foundation
import LoadtestKit
import TestSupport
import Testing

@Suite("Work that changes hands", .timeLimit(.minutes(4)), .serialized)
struct HandOverTests {
    /// Seconds from `since` to the last claim of a job by a process with this label.
    private static func secondsToClaim(by label: String, since: String, _ world: World) async throws -> Double {
        let claims = "SELECT max(at) FROM job_events WHERE event = 'claimed' AND instance_id LIKE '\(label)-%'"
        let rows = try await world.rows("SELECT extract(epoch FROM (\(claims)) - (\(since)))")
        return try #require(Double(rows[0][0]))
    }

    private static func claims(by label: String, _ world: World) async throws -> Int {
        try await world.rows(
            "SELECT 1 FROM job_events WHERE event = 'claimed' AND instance_id LIKE '\(label)-%'"
        ).count
    }

    /// The processes that have written heartbeats under this label.
    private static func processes(_ label: String, _ world: World) async throws -> Int {
        try await world.rows("SELECT 1 FROM instances WHERE instance_id LIKE '\(label)-%'").count
    }

    @Test("C5.1: after a kill -9 another process continues after 10 s of silence: the restarted one, another instance")
    func takeOver() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 3600
        try await World.run(openAI: options) { world in
            let job = try await world.submit(world.lots([0, 1, 2]))
            try await world.until("the batch is there") { world.openAI.batches.count == 1 }
            await world.server.killHard()
            let died = try await world.rows("SELECT max(heartbeat_at) FROM instances")[0][0]
            try await world.restart()
            try await world.until("it has its job again") { try await Self.claims(by: "world", world) == 2 }
            // 15 s are promised. A test holds the lower bound only: the upper one depends on the machine.
            #expect(try await Self.secondsToClaim(by: "world", since: "timestamptz '\(died)'", world) >= 10)

            let second = try world.launchSecond()
            try await world.until("the second one is there") { try await Self.processes("second", world) == 1 }
            await world.server.killHard()
            try await world.until("the second one has the job") { try await Self.claims(by: "second", world) == 1 }
            let last = "SELECT max(heartbeat_at) FROM instances WHERE instance_id LIKE 'world-%'"
            #expect(try await Self.secondsToClaim(by: "second", since: last, world) >= 10)
            // The previous holder can no longer write.
            let epoch = try await world.rows("SELECT lease_epoch FROM batch_jobs WHERE id = '\(job)'")[0][0]
            #expect(epoch == "3")
            #expect(world.openAI.batches.count == 1)
            #expect(await second.stop() == 0)
            try await world.restart()
        }
    }

    @Test("C5.1: two processes with one INSTANCE_ID have two names, and the second takes nothing from the first")
    func sameLabel() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 3600
        try await World.run(openAI: options) { world in
            _ = try await world.submit(world.lots([0, 1, 2]))
            try await world.until("the batch is there") { world.openAI.batches.count == 1 }
            let holder = "SELECT lease_instance, lease_incarnation, lease_epoch FROM batch_jobs"
            let first = try await world.rows(holder)
            #expect(first[0][0].hasPrefix("world-") && first[0][0].utf8.count == "world-".utf8.count + 8)
            let second = try world.launchSecond(["INSTANCE_ID": "world"])
            // Each search for work begins with a heartbeat.
            try await world.until("the second one has looked for work") {
                try await world.rows(
                    """
                    SELECT 1 FROM instances WHERE instance_id LIKE 'world-%' AND instance_id <> '\(first[0][0])'
                        AND heartbeat_at > started_at + interval '1 s'
                    """
                ).count == 1
            }
            #expect(try await world.rows(holder) == first)
            #expect(world.openAI.batches.count == 1)
            #expect(await second.stop() == 0)
        }
    }

    @Test("C5.1: SIGTERM lets a call that costs money finish, then other processes continue the job at once")
    func askInFlight() async throws {
        try await World.run(settings: ["SHUTDOWN_GRACE": "30"], openAI: BatchFaultTests.options("{}")) { world in
            try world.setFaults(#"{"routes": [{"route": "POST /v1/responses", "fault": "slow", "seconds": 3}]}"#)
            let lots = world.lots([0, 1, 2])
            let job = try await world.submit(lots)
            try await world.until("one lot is asked for") { world.openAI.requests("POST /v1/responses") == 1 }
            let second = try world.launchSecond()
            try await world.until("the second one is there") { try await Self.processes("second", world) == 1 }
            #expect(await world.server.stop() == 0)
            try await world.restart(["INSTANCE_ID": "third"])
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(world.openAI.requests("POST /v1/responses") == 1)
            #expect(try await world.rows("SELECT state FROM openai_batches WHERE round = 0") == [["collected"]])
            try await world.expectSoundBooks(job)
            #expect(await second.stop() == 0)
        }
    }

    @Test("C6.2: SIGTERM lets a running webhook attempt finish: the receiver gets it once")
    func attemptInFlight() async throws {
        try await World.run(
            settings: ["SHUTDOWN_GRACE": "60", "WEBHOOK_TIMEOUT": "60"], openAI: BatchFaultTests.options("{}")
        ) { world in
            let job = try await world.submit(world.lots([0, 1]), hook: "/held/one")
            try await world.webhooks.wait(for: 1, path: "/held/one")
            let stopping = LoopTask(on: world.loop) { await world.server.stop() }
            // The stop is in progress once new connections are refused.
            try await world.until("it stops") {
                (try? await world.client.send("GET", "/health/ready", signing: nil))?.status != 200
            }
            world.webhooks.letGo()
            #expect(try await stopping.value() == 0)
            #expect(world.webhooks.deliveries(path: "/held/one").count == 1)
            let booked =
                "SELECT d.status, a.http_status FROM webhook_deliveries d JOIN webhook_attempts a"
                + " ON a.delivery_id = d.id WHERE d.batch_job_id = '\(job)'"
            #expect(try await world.rows(booked) == [["delivered", "200"]])
            try await world.restart()
        }
    }

    @Test("C5.1: released leases are free at once, and only those of the releasing instance")
    func handOver() async throws {
        try await withMigratedDatabase { _, database in
            let (ours, others) = (Identifier.random(), Identifier.random())
            let insert = Statement(
                "t_leased",
                """
                INSERT INTO batch_jobs (id, version, languages, total_lots, webhook_configured, lease_instance,
                    lease_incarnation) VALUES ($1, '2.0', '{en}', 1, false, 'one', $2)
                """)
            let jobs = (0..<3).map { _ in Identifier.random() }
            for (job, holder) in zip(jobs, [ours, ours, others]) {
                _ = try await database.query(insert, [.uuid(job), .uuid(holder)])
            }
            try await Instances.handOver(database, jobs: [jobs[0], jobs[2]], incarnation: ours)
            let held = Statement("t_held", "SELECT id FROM batch_jobs WHERE lease_incarnation IS NOT NULL")
            let left = try await database.query(held).map { $0.uuid(0) }
            #expect(Set(left) == [jobs[1], jobs[2]])
        }
    }
}
