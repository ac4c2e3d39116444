// Creations without a reply: no second batch while the first may still turn up, and strays are cancelled and booked.
// Loop-bound.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Batches that turn up late", .timeLimit(.minutes(4)), .serialized)
struct LateBatchTests {
    /// All lots are described, by one batch.
    private static func expectOneBatch(_ faults: String, _ settings: [String: String] = [:]) async throws {
        try await World.run(settings: settings, openAI: BatchFaultTests.options(faults)) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(world.openAI.batches.count == 1)
            try await world.expectSoundBooks(job)
        }
    }

    @Test(
        "C5.1: a batch that is made or listed late is found, whatever the list's times, order and pages are",
        arguments: [
            #"{"route": "POST /v1/batches", "fault": "late", "seconds": 3, "gateway": 504, "times": 1}"#,
            #"{"route": "GET /v1/batches", "fault": "lag", "seconds": 3}"#,
            #"{"route": "GET /v1/batches", "fault": "no_created_at"}"#,
            #"{"route": "GET /v1/batches", "fault": "times_off", "seconds": -3600}"#,
            #"{"route": "GET /v1/batches", "fault": "times_off", "seconds": 3600}"#,
            #"{"route": "GET /v1/batches", "fault": "ignores_after"}"#,
            #"{"route": "GET /v1/batches", "fault": "odd_order"}"#,
        ])
    func found(_ fault: String) async throws {
        let lost = #"{"route": "POST /v1/batches", "fault": "lost_reply", "times": 1}"#
        try await Self.expectOneBatch(#"{"routes": [\#(fault), \#(lost)]}"#)
    }

    @Test("C5.1: a process that dies while its batch is being made is followed by one that waits for the batch")
    func afterCrash() async throws {
        let late = #"{"routes": [{"route": "POST /v1/batches", "fault": "late", "seconds": 4, "times": 1}]}"#
        try await World.run(openAI: BatchFaultTests.options(late)) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.until("the batch is asked for") { world.openAI.requests("POST /v1/batches") == 1 }
            try await world.crashAndRestart()
            try await world.waitUntil(job, "completed")
            #expect(world.openAI.batches.count == 1)
            try await world.expectSoundBooks(job)
        }
    }

    /// Rows of second batches that are cancelled and booked.
    private static func strays(_ job: String, _ world: World) async throws -> [[String]] {
        try await world.rows(
            "SELECT state, provider_status FROM openai_batches WHERE job_id = '\(job)' AND is_stray")
    }

    @Test("C5.1, C5.9: a batch that turns up after the settling time is cancelled, and its cost is booked")
    func stray() async throws {
        var options = try BatchFaultTests.options(
            #"{"routes": [{"route": "POST /v1/batches", "fault": "late", "seconds": 5, "gateway": 504, "times": 1}]}"#)
        options.batchSeconds = 8
        try await World.run(settings: ["OPENAI_SETTLE": "2"], openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            try await world.waitUntilCleanedUp(job)
            #expect(world.openAI.batches.count == 2)
            #expect(try await Self.strays(job, world) == [["collected", "cancelled"]])
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            // Everything that the provider was paid for is booked.
            let booked = try await world.rows("SELECT input_tokens FROM batch_jobs WHERE id = '\(job)'")[0][0]
            let batches = await world.openAI.state()["batches"]?.array ?? []
            #expect(batches.count { $0["status"] == "cancelled" } == 1)
            #expect((Int(booked) ?? 0) > 0)
        }
    }

    @Test("C4.3, C5.9: a cancelled job's batch that turns up late is cancelled, also after a look found nothing")
    func cancelled() async throws {
        let late = #"{"route": "POST /v1/batches", "fault": "late", "seconds": 2.5, "gateway": 504, "times": 1}"#
        let kept = #"{"route": "DELETE /v1/files/{id}", "fault": "html", "status": 502}"#
        var options = try BatchFaultTests.options(#"{"routes": [\#(late), \#(kept)]}"#)
        options.batchSeconds = 60
        try await World.run(openAI: options) { world in
            let job = try await world.submit(world.lots([0, 1, 2, 4]))
            try await world.until("the batch is asked for") { world.openAI.requests("POST /v1/batches") == 1 }
            #expect(try await world.client.cancel(job).status == 200)
            try await world.waitUntilCleanedUp(job)
            _ = await world.openAI.state()
            #expect(world.openAI.batches.map(\.status) == [.cancelled])
            let states = "SELECT state, batch_id IS NOT NULL FROM openai_batches WHERE job_id = '\(job)' AND round > 0"
            #expect(try await world.rows(states) == [["collected", "t"]])
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C4.3: a cancelled job's input file goes first, so that a late creation fails and costs nothing")
    func withoutFile() async throws {
        let late = #"{"routes": [{"route": "POST /v1/batches", "fault": "late", "seconds": 30, "gateway": 504}]}"#
        try await World.run(openAI: BatchFaultTests.options(late)) { world in
            let job = try await world.submit(world.lots([0, 1, 2, 4]))
            try await world.until("the batch is asked for") { world.openAI.requests("POST /v1/batches") == 1 }
            #expect(try await world.client.cancel(job).status == 200)
            try await world.waitUntilCleanedUp(job)
            #expect(world.openAI.requests("DELETE /v1/files/{id}") > 0)
            #expect(world.openAI.batches.isEmpty)
        }
    }
}
