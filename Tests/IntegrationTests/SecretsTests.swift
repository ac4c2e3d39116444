// Keys never leave their place: they are in no log, reply, metric, table or core dump (C8). Loop-bound.
import Engine
import Foundation
import LoadtestKit
import TestSupport
import Testing

@Suite("Secrets", .timeLimit(.minutes(4)), .serialized)
struct SecretsTests {
    /// Each secret is in use; no part of one has another meaning.
    private static let secrets = [
        "OPENAI_API_KEY": "sk-simulated-0f1e2d3c4b5a", "SHARED_KEY": World.key,
        "SHARED_KEY_PREVIOUS": "the-key-of-before-0123456789-abcdef",
        "SESSION_SECRET": "session-secret-0123456789-abcdef",
    ]
    private static let header = "gateway-token-0123456789"

    private static func options() -> OpenAIOptions {
        var options = OpenAIOptions()
        options.batchSeconds = 0.2
        return options
    }

    @Test("C8: no output, file or row of the service contains a key, after successes and errors")
    func scrubbed() async throws {
        let metrics = freePort()
        var settings = Self.secrets
        settings["METRICS_BIND"] = "127.0.0.1:\(metrics)"
        settings["WEBHOOK_MAX_RETRIES"] = "1"
        settings["OPENAI_HEADERS"] = "X-Gateway-Token: \(Self.header)"
        try await World.run(settings: settings, openAI: Self.options()) { world in
            var heard: [(String, [UInt8])] = []
            // Successes, failures of a receiver, refusals of OpenAI, and invalid requests.
            let good = try await world.submit(world.lots([0, 1]), hook: "/ok/secrets")
            try await world.waitUntil(good, "completed")
            let bad = try await world.submit(world.lots([2, 3]), hook: "/status/500")
            try await world.waitUntil(bad, "completed")
            try await world.waitForDeliveries(bad, ended: 1)
            for job in [good, bad] {
                heard.append(("results", try await world.client.results(job).body))
                heard.append(("deliveries", try await world.client.deliveries(job).body))
            }
            for (method, path) in [
                ("GET", "/health"), ("GET", "/openapi.json"), ("GET", "/"), ("GET", "/api/v1/batch-status/\(good)"),
                ("POST", "/api/v1/generate-descriptions"), ("GET", "/nowhere"),
            ] {
                heard.append((path, try await world.client.send(method, path, signing: nil).body))
            }
            let reader = APIClient(on: world.loop, baseURL: "http://127.0.0.1:\(metrics)", key: "")
            heard.append(("metrics", try await reader.send("GET", "/metrics", signing: nil).body))
            await reader.close()
            heard.append(("log", Array(world.log.utf8)))
            let file = try Data(contentsOf: world.folder.appendingPathComponent("service.log"))
            heard.append(("log file", Array(file)))
            for table in [
                "batch_jobs", "batch_lots", "lot_results", "openai_batches", "webhook_deliveries", "webhook_attempts",
                "idempotency_keys", "instances", "job_events",
            ] {
                heard.append((table, Array("\(try await world.rows("SELECT t::text FROM \(table) t"))".utf8)))
            }
            for (place, bytes) in heard {
                let text = String(decoding: bytes, as: UTF8.self)
                for (name, secret) in Self.secrets.merging(["OPENAI_HEADERS": Self.header], uniquingKeysWith: { $1 })
                where text.contains(secret) { Issue.record("\(name) in \(place)") }
            }
            #expect(heard.contains { $0.0 == "log" && $0.1.count > 1000 })
            #expect(heard.contains { $0.0 == "metrics" && $0.1.count > 1000 })
        }
    }

    @Test("a core dump contains no memory, and none is written to a file")
    func coreDumps() async throws {
        try await World.run { world in
            let process = "/proc/\(world.server.pid)"
            let limits = try String(contentsOfFile: process + "/limits", encoding: .utf8)
            let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
            #expect(line.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
            // Absent in some containers.
            let filter = try? String(contentsOfFile: process + "/coredump_filter", encoding: .utf8)
            #expect(filter.map { Int($0.split(separator: "\n")[0], radix: 16) } ?? 0 == 0)
        }
    }
}
