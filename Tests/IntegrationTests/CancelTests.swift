// Cancelling at every stage: nothing is left at the provider, and costs end (C4.3).
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Cancelling", .timeLimit(.minutes(4)), .serialized)
struct CancelTests {
    /// Cancels and waits until nothing of the job is left at the provider.
    private func cancel(_ job: String, _ world: World) async throws {
        #expect(try await world.client.cancel(job).status == 200)
        try await world.waitUntilCleanedUp(job)
        _ = await world.openAI.state()
        #expect(world.openAI.batches.allSatisfy { [.cancelling, .cancelled, .failed].contains($0.status) })
        #expect(try await world.client.status(job)["status"] == "cancelled")
        #expect(world.openAI.linesPaidTwice.isEmpty)
        #expect(world.openAI.doubleSubmissions.isEmpty)
    }

    private func options() -> OpenAIOptions {
        var options = OpenAIOptions()
        options.batchSeconds = 60
        return options
    }

    @Test("C4.3: during the first direct call, the upload, the creation and its lost reply")
    func beforeTheBatchIsKnown() async throws {
        try await World.run(openAI: options()) { world in
            try world.setFaults(#"{"routes": [{"route": "POST /v1/responses", "fault": "slow", "seconds": 8}]}"#)
            var job = try await world.submit(world.lots([0, 1]))
            try await world.until("one lot is asked for") { world.openAI.requests("POST /v1/responses") == 1 }
            try await cancel(job, world)
            #expect(world.openAI.requests("POST /v1/files") == 0)

            try world.setFaults(#"{"routes": [{"route": "POST /v1/files", "fault": "slow", "seconds": 8}]}"#)
            job = try await world.submit(world.lots([2, 4]))
            try await world.until("the upload is under way") { world.openAI.requests("POST /v1/files") == 1 }
            try await cancel(job, world)
            #expect(world.openAI.requests("POST /v1/batches") == 0)

            try world.setFaults(
                #"{"routes": [{"route": "POST /v1/batches", "fault": "lost_reply", "times": 1}]}"#)
            job = try await world.submit(world.lots([5, 6]))
            try await world.until("the batch is there, unknown to us") { world.openAI.batches.count == 1 }
            try await cancel(job, world)
            #expect(world.openAI.requests("POST /v1/batches") == 1)
            #expect(await world.openAI.state()["paid_lines"] == 0)
        }
    }

    @Test("C4.3, C5.9: the cost of a cancelled job's batch until then is booked, once")
    func partlyAnswered() async throws {
        let stuck = #"{"batches": [{"fault": "stuck", "fraction": 0.5}]}"#
        try await World.run(openAI: BatchFaultTests.options(stuck)) { world in
            let job = try await world.submit(world.lots([0, 1, 2, 4, 5]))
            try await world.until("the batch is at work") {
                _ = await world.openAI.state()
                return world.openAI.batches.first?.status == .inProgress
            }
            let before = try await world.client.status(job)["usage"]?["input_tokens"]?.int ?? 0
            try await cancel(job, world)
            // Half of four lines, by the provider's own records.
            let state = await world.openAI.state()
            #expect(state["paid_lines"] == 2)
            let usage = try await world.rows("SELECT sum(input_tokens) FROM job_usage WHERE job_id = '\(job)'")[0][0]
            let shown = try await world.client.status(job)["usage"]?["input_tokens"]?.int
            #expect(Int(usage) == shown)
            #expect(before > 0 && (shown ?? 0) > before)
            #expect(try await world.client.status(job)["progress"]?["processed_lots"] == 1)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C4.3: during the image checks, and in translation; ended lots keep their end")
    func otherStages() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 0.3
        try await World.run(openAI: options) { world in
            let lot: JSONValue = [
                "lot_id": "slow", "webhook": .string(world.webhooks.baseURL + "/ok/slow"),
                "images": [["url": .string(world.images.baseURL + "/slow/20/car/1.jpg")]],
            ]
            let early = try #require(try await world.client.generate([lot]).json["job_id"]?.string)
            try await world.until("images are looked at") {
                try await world.client.status(early)["processing_details"]?["current_stage"] == "image_prefetch"
            }
            try await cancel(early, world)
            #expect(world.openAI.requests("POST /v1/files") == 0)

            // The first batch waits until the faults are set: later batches do not end.
            try world.setFaults(#"{"routes": [{"route": "GET /v1/batches/{id}", "fault": "status", "status": 500}]}"#)
            let job = try await world.submit(world.lots([0, 1, 2]), languages: ["ru"])
            try await world.until("the first batch is there") { world.openAI.batches.count == 1 }
            try world.setFaults(#"{"routes": [], "batches": [{"fault": "stuck"}]}"#)
            try await world.until("it is being translated") {
                try await world.client.status(job)["status"] == "translating"
            }
            let before = world.openAI.batches.count
            #expect(try await world.client.cancel(job).status == 200)
            try await world.waitUntilCleanedUp(job)
            #expect(world.openAI.batches.count <= before + 1)
            #expect(world.openAI.batches.dropFirst().allSatisfy { [.cancelling, .cancelled].contains($0.status) })
            #expect(try await world.client.status(job)["processing_details"]?["current_stage"] == "translation")
            try await world.webhooks.wait(for: 1, path: "/ok/faults")
            try await world.expectSoundBooks(job)
        }
    }
}
