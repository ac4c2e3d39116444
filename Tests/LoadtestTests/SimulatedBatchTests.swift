// The life of batches under a clock that the test moves. Thread: each test has its own loop.
import Engine
import LoadtestKit
import Testing

@Suite("loadtest openai: batches", .timeLimit(.minutes(1)))
struct SimulatedBatchTests {
    @Test("a batch goes from validating to completed, and its files appear at the end")
    func life() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let id = try await client.batch(Sample.lines(10), metadata: ["shard": "1"])
            var seen: [String] = []
            for _ in 0..<13 {
                let batch = try await client.batch(id)
                let status = try #require(batch["status"]?.string)
                if seen.last != status { seen.append(status) }
                #expect((batch["output_file_id"]?.isNull ?? true) == (status != "completed"))
                simulator.clock.advance(seconds: 9)
            }
            #expect(seen == ["validating", "in_progress", "finalizing", "completed"])
            let batch = try await client.batch(id)
            #expect(batch["request_counts"] == ["total": 10, "completed": 10, "failed": 0])
            #expect(batch["metadata"] == ["shard": "1"])
            #expect(batch["model"] == "o4-mini")
            #expect((batch["usage"]?["total_tokens"]?.int ?? 0) > 10_000)
            let stamps = ["created_at", "in_progress_at", "finalizing_at", "completed_at"].map { batch[$0]?.int ?? -1 }
            #expect(stamps == stamps.sorted() && stamps[3] == stamps[0] + 100)
        }
    }

    @Test("output lines are shuffled, each as predicted, and equal for the same seed")
    func shuffled() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let first = try await run(simulator, client, Sample.lines(50))
            let order = first.map { $0["custom_id"]?.string ?? "" }
            #expect(order != (0..<50).map { "lot-\($0)" })
            #expect(Set(order) == Set((0..<50).map { "lot-\($0)" }))
            for line in first {
                let number = Int(line["custom_id"]?.string?.dropFirst(4) ?? "") ?? -1
                #expect(line["error"] == .null && line["response"]?["status_code"] == 200)
                #expect(line["response"]?["body"]?.outputJSON["damages"]?.string == Sample.answer(number))
            }
            await simulator.reset()
            // The ids of files and batches continue; the order depends on the seed and the batch's number.
            _ = try await run(simulator, client, Sample.lines(50))
        }
        try await withOpenAI { (simulator, client) async throws in
            for count in 2..<5 {
                let order = try await run(simulator, client, Sample.lines(count)).map { $0["custom_id"]?.string ?? "" }
                #expect(order != (0..<count).map { "lot-\($0)" })
            }
        }
    }

    private func run(
        _ simulator: OpenAISimulator, _ client: SimClient, _ lines: [JSONValue]
    ) async throws -> [JSONValue] {
        let id = try await client.batch(lines)
        simulator.clock.advance(seconds: 101)
        return try await client.lines(try await client.batch(id), "output_file_id")
    }

    @Test("refused lines stand in the error file with their status; without any answer there is no output file")
    func errors() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let bad = Sample.with(Sample.vision(["https://a/1.jpg"]), "temperature", 1)
            let mixed = try await client.batch([
                Sample.line("good", Sample.vision(["https://a/1"])), Sample.line("bad", bad),
            ])
            let hopeless = try await client.batch([Sample.line("bad", bad)])
            simulator.clock.advance(seconds: 101)
            let batch = try await client.batch(mixed)
            #expect(batch["status"] == "completed")
            #expect(batch["request_counts"] == ["total": 2, "completed": 1, "failed": 1])
            let line = try #require(try await client.lines(batch, "error_file_id").first)
            #expect(line["custom_id"] == "bad" && line["error"] == .null)
            #expect(line["response"]?["status_code"] == 400)
            #expect(line["response"]?["body"]?["error"]?["param"] == "temperature")
            let none = try await client.batch(hopeless)
            #expect(none["status"] == "completed" && none["output_file_id"] == .null)
            #expect(none["request_counts"] == ["total": 1, "completed": 0, "failed": 1])
        }
    }

    @Test("a clean batch's error file is absent, sometimes as an empty string")
    func cleanErrorFile() async throws {
        try await withOpenAI { (simulator, client) async throws in
            var seen: [JSONValue?] = []
            for _ in 0..<2 {
                let id = try await client.batch(Sample.lines(1))
                simulator.clock.advance(seconds: 101)
                seen.append(try await client.batch(id)["error_file_id"])
            }
            #expect(seen == ["", .null])
        }
    }

    static let badFiles: [(String, String)] = [
        ("{\"custom_id\":\"a\"", "invalid_json_line"),
        (Sample.lines(1)[0].text + "\n" + Sample.lines(1)[0].text, "duplicate_custom_id"),
        (Sample.with(Sample.lines(1)[0], "method", nil).text, "missing_required_parameter"),
        (Sample.with(Sample.lines(1)[0], "url", "/v1/chat/completions").text, "invalid_url"),
        (Sample.with(Sample.lines(1)[0], "method", "GET").text, "invalid_method"),
        (
            Sample.lines(1)[0].text + "\n" + Sample.line("b", Sample.vision(["https://a"], model: "o3")).text,
            "mismatched_model"
        ),
        (
            Sample.with(Sample.lines(1)[0], "custom_id", .string(String(repeating: "x", count: 65))).text,
            "invalid_custom_id"
        ),
        ("\n\n", "empty_file"),
    ]

    @Test("an invalid file is accepted and fails later, in validation", arguments: badFiles)
    func badFile(content: String, code: String) async throws {
        try await withOpenAI { (simulator, client) async throws in
            let file = try #require(try await client.upload(content).json["id"]?.string)
            let created = try await client.create(file)
            #expect(created.status == 200 && created.json["status"] == "validating")
            simulator.clock.advance(seconds: 11)
            let batch = try await client.batch(created.json["id"]?.string ?? "")
            #expect(batch["status"] == "failed")
            #expect(batch["errors"]?["data"]?.array?.first?["code"]?.string == code)
        }
    }

    @Test("a full queue fails a batch, and the same file passes when the queue is empty again")
    func enqueuedTokens() async throws {
        try await withOpenAI({ $0.faults = ["enqueued_tokens": 15_000] }) { (simulator, client) async throws in
            let first = try await client.batch(Sample.lines(10))
            let second = try await client.batch(Sample.lines(10))
            simulator.clock.advance(seconds: 11)
            #expect(try await client.batch(first)["status"] == "in_progress")
            let failed = try await client.batch(second)
            #expect(failed["errors"]?["data"]?.array?.first?["code"] == "token_limit_exceeded")
            simulator.clock.advance(seconds: 100)
            let third = try await client.create(try #require(failed["input_file_id"]?.string)).json["id"]?.string ?? ""
            simulator.clock.advance(seconds: 11)
            #expect(try await client.batch(third)["status"] == "in_progress")
        }
    }

    @Test("after 24 hours a stuck batch has expired and keeps its finished lines")
    func expiry() async throws {
        try await withOpenAI({ $0.faults = ["batches": [["fault": "stuck", "fraction": .double(0.3)]]] }) {
            (simulator, client) async throws in
            let id = try await client.batch(Sample.lines(10))
            simulator.clock.advance(seconds: 86_000)
            #expect(try await client.batch(id)["status"] == "in_progress")
            simulator.clock.advance(seconds: 500)
            let batch = try await client.batch(id)
            #expect(batch["status"] == "expired")
            let done = try await client.lines(batch, "output_file_id").map { $0["custom_id"]?.string ?? "" }
            let left = try await client.lines(batch, "error_file_id")
            #expect(done.count == 3 && left.count == 7)
            #expect(Set(done).union(left.map { $0["custom_id"]?.string ?? "" }).count == 10)
            #expect(left.allSatisfy { $0["error"]?["code"] == "batch_expired" && $0["response"] == .null })
        }
    }

    @Test("a cancelled batch is cancelling for a while and keeps its finished lines")
    func cancel() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let id = try await client.batch(Sample.lines(10))
            simulator.clock.advance(seconds: 50)
            #expect(try await client.call("POST", "/v1/batches/\(id)/cancel").json["status"] == "cancelling")
            simulator.clock.advance(seconds: 11)
            let batch = try await client.batch(id)
            #expect(batch["status"] == "cancelled")
            #expect(try await client.lines(batch, "output_file_id").count == 5)
            #expect(try await client.call("POST", "/v1/batches/\(id)/cancel").status == 409)
        }
    }

    @Test("batches are listed newest first, page by page")
    func list() async throws {
        try await withOpenAI { (_, client) async throws in
            var ids: [String] = []
            for _ in 0..<5 { ids.append(try await client.batch(Sample.lines(1))) }
            let first = try await client.call("GET", "/v1/batches?limit=2").json
            #expect(first["data"]?.array?.compactMap { $0["id"]?.string } == [ids[4], ids[3]])
            #expect(first["has_more"] == true && first["last_id"]?.string == ids[3])
            let rest = try await client.call("GET", "/v1/batches?limit=100&after=\(ids[3])").json
            #expect(rest["data"]?.array?.compactMap { $0["id"]?.string } == [ids[2], ids[1], ids[0]])
            #expect(rest["has_more"] == false)
            #expect(try await client.call("GET", "/v1/batches?limit=101").status == 400)
        }
    }

    @Test("lines can be missing, doubled, unknown, refused or fail once")
    func lineFaults() async throws {
        try await withOpenAI { (simulator, client) async throws in
            try simulator.setFaults([
                "lines": [
                    ["fault": "missing", "contains": "lot-0"], ["fault": "doubled", "contains": "lot-1"],
                    ["fault": "unknown_id", "contains": "lot-2"],
                    ["fault": "error", "contains": "lot-3", "status": 429, "attempts": 1],
                ]
            ])
            let lines = try await run(simulator, client, Sample.lines(5)).map { $0["custom_id"]?.string ?? "" }
            #expect(!lines.contains("lot-0") && !lines.contains("lot-3"))
            #expect(lines.count { $0 == "lot-1" } == 2)
            #expect(lines.count { $0.hasPrefix("unknown-") } == 1 && lines.contains("lot-2"))
            let again = try await run(simulator, client, [Sample.lines(5)[3]])
            #expect(again.map { $0["custom_id"] } == ["lot-3"])
            // lot-0 was answered and lost: a repeat is paid again.
            _ = try await run(simulator, client, [Sample.lines(5)[0]])
            #expect(simulator.linesPaidTwice == ["lot-0"])
        }
    }

    @Test("a request for a batch is checked at once")
    func badRequests() async throws {
        try await withOpenAI { (_, client) async throws in
            let other = try #require(
                try await client.upload("x", name: "a.txt", purpose: "user_data").json["id"]?.string)
            #expect(try await client.create(other).errorCode == "invalid_value")
            #expect(try await client.create("file-unknown").status == 404)
            let file = try #require(try await client.upload("{}").json["id"]?.string)
            let good: JSONValue = [
                "input_file_id": .string(file), "endpoint": "/v1/responses", "completion_window": "24h",
            ]
            let bad: [(String, JSONValue?)] = [
                ("completion_window", "1h"), ("endpoint", "/v1/magic"), ("endpoint", nil), ("model", "o3"),
                ("metadata", ["a": 1]), ("output_expires_after", ["anchor": "created_at", "seconds": 60]),
            ]
            for (name, value) in bad {
                #expect(
                    try await client.call("POST", "/v1/batches", Sample.with(good, name, value)).status == 400,
                    "\(name)")
            }
            #expect(try await client.call("POST", "/v1/batches", good).status == 200)
        }
    }
}
