// Odd answers, refusals of every kind, models' limits, and the ledger of what was paid. Thread: each test has its own
// loop.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("loadtest openai: odd answers and refusals", .timeLimit(.minutes(1)))
struct AnswerFaultTests {
    private static let body = Sample.vision(["https://a/1.jpg", "https://a/bad.jpg"])

    private func answer(
        _ simulator: OpenAISimulator, _ client: SimClient, _ fault: [(String, JSONValue)]
    ) async throws -> Got {
        try simulator.setFaults(["lines": [.object(fault)]])
        return try await client.call("POST", "/v1/responses", Self.body)
    }

    @Test("commentary stands before the final answer")
    func phases() async throws {
        try await withOpenAI { (simulator, client) async throws in
            for fault in ["commentary", "commentary_json", "commentary_unmarked"] {
                let json = try await answer(simulator, client, [("fault", .string(fault))]).json
                let messages = (json["output"]?.array ?? []).filter { $0["type"] == "message" }
                #expect(messages.map { $0["phase"] ?? .null }.first == "commentary")
                #expect(messages.last?["phase"] == (fault == "commentary_unmarked" ? nil : "final_answer"))
                let last = messages.last?["content"]?.array?.first?["text"]?.string ?? ""
                let expected = SimulatedAnswer.text(imageURLs: ["https://a/1.jpg", "https://a/bad.jpg"])
                #expect(try JSONValue.parse(Array(last.utf8)) == ["damages": .string(expected)])
                let first = messages.first?["content"]?.array?.first?["text"]?.string ?? ""
                #expect(((try? JSONValue.parse(Array(first.utf8))) != nil) == (fault == "commentary_json"))
            }
        }
    }

    @Test("the forms of compatible servers")
    func forms() async throws {
        try await withOpenAI { (simulator, client) async throws in
            func text(_ fault: String) async throws -> (JSONValue, String) {
                let json = try await answer(simulator, client, [("fault", .string(fault))]).json
                return (json, json["output"]?.array?.last?["content"]?.array?.first?["text"]?.string ?? "")
            }
            #expect(try await text("content_text").0["output"]?.array?.last?["content"]?.string?.first == "{")
            #expect(try await text("fenced").1.hasPrefix("```json\n{"))
            #expect(try await text("bom").1.unicodeScalars.first == "\u{FEFF}")
            let top = try await text("top_text").0
            #expect(top["output"]?.array?.count == 1 && top["output_text"]?.string?.first == "{")
            let failed = try await answer(
                simulator, client, [("fault", "failed"), ("code", "rate_limit_exceeded")])
            #expect(failed.status == 200 && failed.json["error"]?["code"] == "rate_limit_exceeded")
        }
    }

    @Test("the forms of usage")
    func usage() async throws {
        try await withOpenAI { (simulator, client) async throws in
            func usage(_ form: String) async throws -> JSONValue? {
                try await answer(simulator, client, [("fault", .string("usage_" + form))]).json["usage"]
            }
            #expect(try await usage("missing") == nil)
            #expect(try await usage("null") == .null)
            #expect(try await usage("empty") == Sample.nothing)
            #expect((try await usage("chat")?["prompt_tokens"]?.int ?? 0) > 1000)
            #expect(try await usage("odd")?["output_tokens"] == -1)
            #expect((try await usage("details")?["input_tokens_details"]?["cache_write_tokens"]?.int ?? 0) > 500)
        }
    }

    @Test("an error has the given status, code, type, param, message and Retry-After")
    func errors() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let large = "Request too large for o4-mini on tokens per min (TPM): Limit 30000, Requested 48000."
            let got = try await answer(
                simulator, client,
                [
                    ("fault", "error"), ("status", 429), ("code", "rate_limit_exceeded"), ("type", "tokens"),
                    ("param", "input"), ("message", .string(large)), ("retry_after", "soon"),
                ])
            #expect(got.status == 429 && got.header("Retry-After") == "soon")
            #expect(
                got.json["error"] == [
                    "message": .string(large), "type": "tokens", "param": "input", "code": "rate_limit_exceeded",
                ])
            let number = try await answer(simulator, client, [("fault", "error"), ("status", 404), ("code", 404)])
            #expect(number.json["error"]?["code"] == 404)
            #expect(await simulator.ledger().isEmpty)
        }
    }

    @Test("the error of a picture names its part, alone and in a batch, until the picture is gone")
    func pictures() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let fault: [(String, JSONValue)] = [("fault", "picture"), ("picture", "bad"), ("code", "image_too_large")]
            let got = try await answer(simulator, client, fault)
            #expect(got.status == 400 && got.errorCode == "image_too_large")
            #expect(got.json["error"]?["param"] == "input[0].content[2].image_url")
            let id = try await client.batch([Sample.line("a", Self.body)] + Sample.lines(1))
            simulator.clock.advance(seconds: 101)
            let batch = try await client.batch(id)
            let line = try #require(try await client.lines(batch, "error_file_id").first)
            #expect(line["response"]?["body"]?["error"]?["param"] == "input[0].content[2].image_url")
            #expect(batch["request_counts"]?["completed"] == 1)
            let rest = Sample.vision(["https://a/1.jpg"])
            #expect(try await client.call("POST", "/v1/responses", rest).status == 200)
            let first = try await answer(
                simulator, client, [("fault", "picture"), ("index", 0), ("param", "input"), ("times", 1)])
            #expect(first.status == 400 && first.json["error"]?["param"] == "input")
        }
    }

    @Test("lines in forms that OpenAI does not use")
    func lineForms() async throws {
        try await withOpenAI { (simulator, client) async throws in
            try simulator.setFaults([
                "lines": [
                    ["fault": "status_text", "contains": "lot-0"], ["fault": "no_status", "contains": "lot-1"],
                    ["fault": "body_text", "contains": "lot-2"],
                ]
            ])
            let id = try await client.batch(Sample.lines(3))
            simulator.clock.advance(seconds: 101)
            let lines = try await client.lines(try await client.batch(id), "output_file_id")
            func response(_ id: String) -> JSONValue? { lines.first { $0["custom_id"]?.string == id }?["response"] }
            #expect(response("lot-0")?["status_code"] == "200")
            #expect(response("lot-1") != nil && response("lot-1")?["status_code"] == nil)
            #expect(response("lot-2")?["body"]?.string?.first == "{")
        }
    }

    static let limits: [(JSONValue, String, String)] = [
        (
            Sample.with(Sample.translation("<p>x</p>", ["de"], model: "gpt-4o-mini"), "max_output_tokens", 28_000),
            "invalid_value", "max_output_tokens"
        ),
        (
            Sample.with(Sample.vision(["https://a/1"]), "prompt_cache_options", ["mode": "explicit"]),
            "unsupported_parameter", "prompt_cache_options"
        ),
        (
            Sample.with(Sample.vision(["https://a/1"]), "reasoning", ["effort": "none"]), "unsupported_value",
            "reasoning.effort"
        ),
        (
            Sample.with(Sample.vision(["https://a/1"], model: "gpt-5.5"), "reasoning", ["effort": "low"]),
            "unsupported_value", "reasoning.effort"
        ),
        (Sample.translation("<p>x</p>", ["de"], model: "gpt-4.1"), "unsupported_parameter", "text.format"),
    ]

    @Test("models refuse what they do not take, by facts and by the plan", arguments: limits)
    func models(body: JSONValue, code: String, param: String) async throws {
        try await withOpenAI { (simulator, client) async throws in
            try simulator.setFaults([
                "models": [
                    ["model": "gpt-5.5", "efforts": ["high"]], ["model": "gpt-4.1", "refuses": ["text.format"]],
                ]
            ])
            let got = try await client.call("POST", "/v1/responses", body)
            #expect(got.status == 400 && got.errorCode == code && got.json["error"]?["param"]?.string == param)
            let good = Sample.with(
                Sample.vision(["https://a/1"], model: "gpt-5.6-terra"), "prompt_cache_options", ["mode": "explicit"])
            #expect(try await client.call("POST", "/v1/responses", good).status == 200)
        }
    }
}

@Suite("loadtest openai: the ledger", .timeLimit(.minutes(1)))
struct LedgerTests {
    @Test("every paid answer is entered with its place, its lot and its tokens")
    func entries() async throws {
        try await withOpenAI({ $0.ledgerMark = "Car " }) { (simulator, client) async throws in
            func body(_ name: String) -> JSONValue {
                let text: JSONValue = ["type": "input_text", "text": .string("Car \(name), red")]
                let picture: JSONValue = [
                    "type": "input_image", "image_url": .string("https://a/\(name).jpg"), "detail": "low",
                ]
                return Sample.with(
                    Sample.vision(["https://a/1"]), "input", [["role": "user", "content": [text, picture]]])
            }
            try simulator.setFaults(["lines": [["fault": "missing", "contains": "lot-2"]]])
            let id = try await client.batch(
                [Sample.line("v-1", body("lot-1")), Sample.line("v-2", body("lot-2"))], metadata: ["job": "7"])
            simulator.clock.advance(seconds: 101)
            _ = try await client.batch(id)
            let english = SimulatedAnswer.text(imageURLs: ["https://a/lot-1.jpg"])
            _ = try await client.call("POST", "/v1/responses", Sample.translation(english, ["de"]))
            let ledger = await simulator.ledger()
            let lines = ledger.filter { $0.batch == id }.sorted { $0.customID ?? "" < $1.customID ?? "" }
            #expect(lines.map(\.mark) == ["lot-1", "lot-2"] && lines.map(\.customID) == ["v-1", "v-2"])
            #expect(lines.map(\.isDelivered) == [true, false] && lines.allSatisfy { $0.metadata == ["job": "7"] })
            let call = try #require(ledger.last)
            #expect(call.isTranslation && call.batch == nil && call.reference == lines[0].reference)
            #expect(english.contains(call.reference))
            let state = await simulator.state()
            #expect(state["paid_input_tokens"]?.int == ledger.map(\.inputTokens).reduce(0, +))
            let told = try await client.call("GET", "/_sim/ledger").json["paid"]?.array
            #expect(told?.count == 3 && told?.last?["translation"] == true)
            #expect(simulator.mostCalls("POST /v1/responses") == 1)
        }
    }
}
