// Models that refuse parameters of our requests: each costs one refused call, and no lot. Loop-bound.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Refused parameters", .timeLimit(.minutes(4)), .serialized)
struct RefusedParameterTests {
    private static let models = ["OPENAI_MODEL_VISION": "gpt-6-luna", "OPENAI_MODEL_TRANSLATION": "gpt-4.1-mini"]

    private static func expectDone(_ job: String, _ lots: [World.SampleLot], _ world: World) async throws {
        try await world.waitUntil(job, "completed")
        let results = try await world.results(of: job)
        for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en", "ru"])) }
        try await world.expectSoundBooks(job)
    }

    @Test("whatever the models refuse is left out: one refused call each before the first batch, and no refused line")
    func fromTheStart() async throws {
        let options = try BatchFaultTests.options(
            """
            {"models": [{"model": "gpt-6-luna", "refuses": ["prompt_cache_options"], "efforts": ["medium", "high"],
                "max_output_tokens": 2048}, {"model": "gpt-4.1-mini", "refuses": ["temperature"]}]}
            """)
        try await World.run(settings: Self.models.merging(["WORKER_THREADS": "1"]) { $1 }, openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots, languages: ["en", "ru"])
            try await Self.expectDone(job, lots, world)
            // Cache, effort and room of the first model, temperature of the second, and two answers.
            #expect(world.openAI.requests("POST /v1/responses") == 6)
            #expect(world.openAI.requests("POST /v1/batches") == 2)
        }
    }

    @Test("lines that a model refuses for a parameter count as not tried: the next batch goes without it")
    func inABatch() async throws {
        let options = try BatchFaultTests.options("{}", seconds: 2)
        try await World.run(settings: Self.models, openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots, languages: ["en", "ru"])
            try await world.until("the first batch is there") { world.openAI.batches.count == 1 }
            try world.setFaults(#"{"models": [{"model": "*", "refuses": ["prompt_cache_options", "temperature"]}]}"#)
            try await Self.expectDone(job, lots, world)
            #expect(try await world.client.status(job)["error_message"] == .null)
        }
    }
}
