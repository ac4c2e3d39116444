// The way to a provider that is not OpenAI itself: a proxy, a key in a file, deployments for batches, endpoints that it
// lacks. Loop-bound.
import Engine
import Foundation
import LoadtestKit
import TestSupport
import Testing

@Suite("The way to another provider", .timeLimit(.minutes(4)), .serialized)
struct ProviderWayTests {
    @Test(
        "OPENAI_PROXY: all calls to the provider go through it, images and webhooks do not; its password is in no log")
    func proxy() async throws {
        // The simulator is the proxy: requests through a proxy name their whole URL. No name server knows this host.
        let port = freePort()
        let settings = [
            "OPENAI_BASE_URL": "http://provider.invalid/v1",
            "OPENAI_PROXY": "http://user:proxy-password@127.0.0.1:\(port)",
        ]
        try await World.run(settings: settings, openAIPort: port, openAI: BatchFaultTests.options("{}")) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots, languages: ["en", "ru"])
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en", "ru"])) }
            try await world.webhooks.wait(for: 1, path: "/ok/faults")
            #expect(world.openAI.batches.count == 2)
            #expect(world.openAI.requests("unknown") == 0)
            #expect(!world.log.contains("proxy-password"))
            try await world.expectSoundBooks(job)
        }
    }

    @Test("OPENAI_API_KEY_FILE: a token that is renewed in the middle of a batch loses and repeats nothing")
    func keyFile() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)").path
        @Sendable func write(_ token: String) throws {
            try token.write(toFile: path, atomically: true, encoding: .utf8)
        }
        try write("sk-token-of-now\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = try BatchFaultTests.options("{}", seconds: 3)
        options.apiKey = "sk-token-of-now"
        let settings = ["OPENAI_API_KEY": "", "OPENAI_API_KEY_FILE": path]
        try await World.run(settings: settings, openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.until("the batch is there") { world.openAI.batches.count == 1 }
            try write("sk-token-that-is-not-valid-yet")
            let before = world.openAI.refusedKeys
            try await world.until("the token is refused") { world.openAI.refusedKeys > before }
            try write("sk-token-of-now")
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(world.openAI.batches.count == 1)
            for token in ["sk-token-of-now", "sk-token-that-is"] { #expect(!world.log.contains(token)) }
            try await world.expectSoundBooks(job)
        }
    }

    @Test(
        "OPENAI_MODEL_VISION_BATCH: batch lines name the batch deployment, single lots and the first lot the other one")
    func deployments() async throws {
        let settings = [
            "OPENAI_MODEL_VISION": "o4-mini", "OPENAI_MODEL_VISION_BATCH": "gpt-5.6-terra",
            "OPENAI_EXTRA_BODY": #"{"prompt_cache_key": "cars"}"#,
        ]
        try await World.run(settings: settings, openAI: BatchFaultTests.options("{}")) { world in
            let job = try await world.submit(world.lots([0, 1, 2, 4]))
            try await world.waitUntil(job, "completed")
            let state = await world.openAI.state()
            #expect(state["batches"]?.array?.map { $0["model"]?.string } == ["gpt-5.6-terra"])
            let usage = try await world.client.status(job)["usage"]?["by_model"]
            #expect(
                usage?["o4-mini-2025-04-16"] != nil && usage?["gpt-5.6-terra-2026-07-01"] != nil, "\(usage ?? .null)")
            try await world.expectSoundBooks(job)
        }
    }

    @Test("a start says that the provider has no batches, and which setting helps")
    func endpoints() async throws {
        let faults = #"{"routes": [{"route": "GET /v1/batches", "fault": "html", "status": 404}]}"#
        try await World.run(openAI: BatchFaultTests.options(faults)) { world in
            try await world.until("the log says so") {
                world.log.contains("GET /batches answered 404") && world.log.contains("set OPENAI_BATCHES=off")
            }
            #expect(!world.log.contains("GET /files answered"))
        }
    }
}
