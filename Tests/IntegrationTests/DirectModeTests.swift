// OPENAI_BATCHES=off: a job's lots are asked for one by one, and the provider needs neither files nor batches.
// Loop-bound.
import Engine
import Foundation
import LoadtestKit
import TestSupport
import Testing

@Suite("Jobs without batches", .timeLimit(.minutes(4)), .serialized)
struct DirectModeTests {
    private static let numbers = Array(0..<60).filter { $0 % 7 != 3 && $0 % 50 != 49 }

    private static func run(
        _ more: [String: String] = [:], faults: String = "{}", _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        let settings = ["OPENAI_BATCHES": "off", "OPENAI_PARALLEL_CALLS": "4"].merging(more) { $1 }
        try await World.run(settings: settings, openAI: BatchFaultTests.options(faults), body)
    }

    private static func expectNoBatches(_ world: World) {
        for route in ["POST /v1/files", "GET /v1/files", "POST /v1/batches", "GET /v1/batches"] {
            #expect(world.openAI.requests(route) == 0, "\(route)")
        }
    }

    @Test("C5.2, C6.1: a job of two stages, its progress and its webhook, without a file or a batch")
    func stages() async throws {
        try await Self.run { world in
            let lots = world.lots(Self.numbers)
            let job = try await world.submit(lots, languages: ["en", "ru"])
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en", "ru"])) }
            #expect(world.openAI.requests("POST /v1/responses") == 2 * lots.count)
            Self.expectNoBatches(world)
            try await world.webhooks.wait(for: 1, path: "/ok/faults")
            let status = try await world.client.status(job)
            #expect(status["processing_details"]?["openai_vision_batch_id"]?.string == nil)
            #expect((status["usage"]?["input_tokens"]?.int ?? 0) > 0)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.1: after a kill -9 only the lots under way are asked for again")
    func killed() async throws {
        let slow = #"{"routes": [{"route": "POST /v1/responses", "fault": "slow", "seconds": 0.2}]}"#
        try await Self.run(["WORKER_THREADS": "1"], faults: slow) { world in
            let lots = world.lots(Self.numbers)
            let job = try await world.submit(lots)
            try await world.until("some lots are answered") { world.openAI.requests("POST /v1/responses") > 12 }
            await world.server.killHard()
            #expect(try await world.rows("SELECT 1 FROM lot_results WHERE stage = 'vision'").count < lots.count)
            try world.setFaults(#"{"routes": []}"#)
            try await world.restart(["CRASH_SILENT": "1"])
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            // Every lot once, and those under way at the kill again.
            let asked = world.openAI.requests("POST /v1/responses")
            #expect(asked >= lots.count && asked <= lots.count + 4, "\(asked) calls for \(lots.count) lots")
            Self.expectNoBatches(world)
        }
    }

    @Test("a rate limit delays lots and fails none; the job says why it waits")
    func rateLimit() async throws {
        @Sendable func busy(_ part: Double) -> String {
            let fault = #""fault": "status", "status": 429, "retry_after": 0.1, "probability": \#(part)"#
            return #"{"routes": [{"route": "POST /v1/responses", \#(fault)}]}"#
        }
        try await Self.run(faults: busy(1)) { world in
            let lots = world.lots(Self.numbers)
            let job = try await world.submit(lots)
            try await world.until("the job says that it waits") {
                try await world.client.status(job)["error_message"] == "OpenAI's rate limit was reached"
            }
            // Refusals leave no rows.
            #expect(try await world.rows("SELECT 1 FROM openai_batches WHERE state <> 'asking'").isEmpty)
            try world.setFaults(busy(0.5))
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(try await world.client.status(job)["progress"]?["failed_lots"] == 0)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: an answer that cannot be used is asked for again, and the lot fails after three attempts")
    func attempts() async throws {
        let faults = #"{"lines": [{"fault": "error", "status": 500, "contains": "Car 1,"}]}"#
        try await Self.run(faults: faults) { world in
            let lots = world.lots([1, 2, 4, 5])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            #expect(results["lot-1"]?["status"] == "failed")
            for lot in lots.dropFirst() { #expect(results[lot.id]?["status"] == "completed") }
            #expect(try await world.rows("SELECT 1 FROM line_failures").count == 3)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("a refusal of the form stops the stage after the calls under way, and is the job's reason")
    func form() async throws {
        let fault = #""fault": "status", "status": 400, "code": "unknown_parameter""#
        let faults = #"{"routes": [{"route": "POST /v1/responses", \#(fault)}]}"#
        try await Self.run(["WORKER_THREADS": "1"], faults: faults) { world in
            let lots = world.lots(Self.numbers)
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "failed")
            #expect(try await world.client.status(job)["error_message"]?.string?.contains("unknown_parameter") == true)
            #expect(world.openAI.requests("POST /v1/responses") <= 4)
        }
    }

    @Test("C4.3: a cancelled job asks for no further lot")
    func cancelled() async throws {
        let slow = #"{"routes": [{"route": "POST /v1/responses", "fault": "slow", "seconds": 0.2}]}"#
        try await Self.run(["WORKER_THREADS": "1"], faults: slow) { world in
            let job = try await world.submit(world.lots(Self.numbers))
            try await world.until("some lots are answered") { world.openAI.requests("POST /v1/responses") > 4 }
            #expect(try await world.client.cancel(job).status == 200)
            try await world.waitUntilCleanedUp(job)
            let asked = world.openAI.requests("POST /v1/responses")
            #expect(asked < Self.numbers.count)
            // Another job's lots follow, so the first one's would have come as well.
            let next = try await world.submit(world.lots([1, 2]))
            try await world.waitUntil(next, "completed")
            #expect(world.openAI.requests("POST /v1/responses") == asked + 2)
        }
    }

    @Test("C5.1: SIGTERM lets the calls under way end, begins none, and another process goes on")
    func stopped() async throws {
        let slow = #"{"routes": [{"route": "POST /v1/responses", "fault": "slow", "seconds": 1}]}"#
        try await Self.run(["WORKER_THREADS": "1", "SHUTDOWN_GRACE": "60"], faults: slow) { world in
            let lots = world.lots(Array(Self.numbers.prefix(20)))
            let job = try await world.submit(lots)
            try await world.until("some lots are asked for") { world.openAI.requests("POST /v1/responses") >= 4 }
            #expect(await world.server.stop() == 0)
            let asked = world.openAI.requests("POST /v1/responses")
            let stored = try await world.rows("SELECT 1 FROM lot_results WHERE stage = 'vision'").count
            #expect(stored == asked && asked < lots.count)
            try world.setFaults(#"{"routes": []}"#)
            try await world.restart()
            try await world.waitUntil(job, "completed")
            #expect(world.openAI.requests("POST /v1/responses") == lots.count)
            try await world.expectSoundBooks(job)
        }
    }
}
