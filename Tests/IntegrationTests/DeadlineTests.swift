// A job's time limit (DEADLINE_HOURS): lots that no batch can finish in time go into direct requests, then the job
// ends. The hours pass by a change of `created_at`. Loop-bound.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Deadlines", .timeLimit(.minutes(4)), .serialized)
struct DeadlineTests {
    private static func age(_ job: String, hours: Double, _ world: World) async throws {
        try await world.database.session {
            try await $0.execute(
                "UPDATE batch_jobs SET created_at = now() - interval '\(hours) hours' WHERE id = '\(job)'")
        }
    }

    private static func hasBatch(_ world: World, _ status: SimulatedBatchStatus) async -> Bool {
        _ = await world.openAI.state()
        return world.openAI.batches.last?.status == status
    }

    @Test("C5.4: near the deadline a stuck batch is cancelled, keeps its answers, and the rest is requested directly")
    func stuck() async throws {
        let options = try BatchFaultTests.options(#"{"batches": [{"fault": "stuck", "fraction": 0.5}]}"#)
        try await World.run(openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13])
            let job = try await world.submit(lots, languages: ["en", "ru"])
            try await world.until("the batch is at work") { await Self.hasBatch(world, .inProgress) }
            // Only the lot sent ahead was requested directly.
            #expect(world.openAI.requests("POST /v1/responses") == 1)
            try await Self.age(job, hours: 21.5, world)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en", "ru"])) }
            #expect(world.openAI.batches.map(\.status) == [.cancelled])
            // Half of eleven lines came from the batch, the others and all twelve translations directly.
            #expect(world.openAI.requests("POST /v1/responses") == 1 + 6 + 12)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: a direct call whose reply was lost is paid for and not made again: its lot fails, the others do not")
    func lostReply() async throws {
        let options = try BatchFaultTests.options(#"{"batches": [{"fault": "stuck", "fraction": 0.5}]}"#)
        try await World.run(openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4, 5, 6, 7, 8, 9])
            let job = try await world.submit(lots)
            try await world.until("the batch is at work") { await Self.hasBatch(world, .inProgress) }
            try world.setFaults(#"{"routes": [{"route": "POST /v1/responses", "fault": "lost_reply", "times": 1}]}"#)
            try await Self.age(job, hours: 21.5, world)
            try await world.waitUntil(job, "completed")
            let failed = try await world.results(of: job).values.filter { $0["status"] == "failed" }
            #expect(failed.count == 1)
            let reason = failed.first?["error"]?.string ?? "-"
            #expect(reason.hasPrefix("OpenAI could not be reached"), "\(reason)")
            // One lot ahead of the batch, and the four that the batch left.
            #expect(world.openAI.requests("POST /v1/responses") == 5)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C4.4, C5.9: at the deadline the job ends with its answers; the cost of its batch until then is booked")
    func over() async throws {
        let options = try BatchFaultTests.options(#"{"batches": [{"fault": "stuck", "fraction": 0.5}]}"#)
        try await World.run(openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4, 5, 6, 7])
            let job = try await world.submit(lots)
            try await world.until("the batch is at work") { await Self.hasBatch(world, .inProgress) }
            let before = try await world.client.status(job)["usage"]?["input_tokens"]?.int ?? 0
            try await Self.age(job, hours: 25, world)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            #expect(results["lot-0"]?["status"] == "completed")
            for lot in lots.dropFirst() {
                #expect(results[lot.id]?["status"] == "failed")
                #expect(results[lot.id]?["error"]?.string?.contains("within the job's time, 1 day") == true)
            }
            try await world.webhooks.wait(for: 1, path: "/ok/faults")
            try await world.waitUntilCleanedUp(job)
            #expect(await Self.hasBatch(world, .cancelled))
            let after = try await world.client.status(job)["usage"]?["input_tokens"]?.int ?? 0
            #expect(before > 0 && after > before)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C4.4, C5.3: a job without any description at its deadline has failed, keeps its stage and has its reason")
    func nothing() async throws {
        let faults = #"{"routes": [{"route": "POST /v1/responses", "fault": "status", "status": 429}]}"#
        try await World.run(openAI: BatchFaultTests.options(faults)) { world in
            let job = try await world.submit(world.lots([0, 1, 2]))
            try await world.until("the job says that it waits") {
                try await world.client.status(job)["error_message"] == "OpenAI's rate limit was reached"
            }
            try await Self.age(job, hours: 24.1, world)
            try await world.waitUntil(job, "failed")
            let status = try await world.client.status(job)
            #expect(status["error_message"]?.string?.contains("within the job's time") == true)
            #expect(status["processing_details"]?["current_stage"] == "vision_analysis")
            #expect(status["progress"]?["failed_lots"] == 3)
            #expect(world.openAI.batches.isEmpty)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.1: answers from the time when the service was down count, even after a long time")
    func lateReturn() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 2
        try await World.run(openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.until("the batch is known") {
                try await world.rows("SELECT 1 FROM openai_batches WHERE state = 'submitted'").count == 1
            }
            await world.server.killHard()
            try await Self.age(job, hours: 50, world)
            try await world.until("the batch has ended") { await Self.hasBatch(world, .completed) }
            try await world.restart()
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            try await world.expectSoundBooks(job)
        }
    }
}
