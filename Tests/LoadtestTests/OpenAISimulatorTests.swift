// Answers, files and faults of the simulated API, over a socket. Thread: each test has its own loop.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("loadtest openai: answers and files", .timeLimit(.minutes(1)))
struct OpenAISimulatorTests {
    @Test("an answer has the form of the real one and the predicted text")
    func answer() async throws {
        try await withOpenAI { (_, client) async throws in
            let urls = ["https://a/1.jpg", "https://a/2.jpg"]
            let got = try await client.call("POST", "/v1/responses", Sample.vision(urls))
            #expect(got.status == 200)
            #expect(got.json["model"] == "o4-mini-2025-04-16")
            #expect(got.json["status"] == "completed")
            #expect(got.json["output"]?.array?.first?["type"] == "reasoning")
            #expect(got.json["output_text"] == nil)
            #expect(got.json["text"]?["format"]?["schema"] == Sample.schema())
            #expect(got.json.outputJSON["damages"]?.string == SimulatedAnswer.text(imageURLs: urls))
            let usage = try #require(got.json["usage"])
            let sum = (usage["input_tokens"]?.int ?? 0) + (usage["output_tokens"]?.int ?? 0)
            #expect(usage["total_tokens"]?.int == sum)
            #expect(got.header("x-request-id") != nil)
        }
    }

    @Test("one request translates into several languages, each as predicted")
    func translation() async throws {
        try await withOpenAI { (_, client) async throws in
            let english = SimulatedAnswer.text(imageURLs: ["https://a/1.jpg"])
            let got = try await client.call(
                "POST", "/v1/responses", Sample.translation(english, ["ru", "de", "pt-BR"]))
            for language in ["ru", "de", "pt-BR"] {
                let expected = SimulatedAnswer.text(english: english, language: language)
                #expect(got.json.outputJSON[language]?.string == expected)
            }
            #expect(got.json["output"]?.array?.count == 1)
        }
    }

    @Test("a key is required, and it must match if one is set")
    func keys() async throws {
        try await withOpenAI({ $0.apiKey = "sk-right" }) { (_, client) async throws in
            #expect(try await client.call("GET", "/v1/models").errorCode == "invalid_api_key")
            client.headers = []
            #expect(try await client.call("GET", "/v1/models").status == 401)
            client.headers = [("Authorization", "Bearer sk-right")]
            #expect(try await client.call("GET", "/v1/models").status == 200)
        }
    }

    @Test("a body that is not JSON, or not declared as JSON, is refused")
    func notJSON() async throws {
        try await withOpenAI { (_, client) async throws in
            let type = [("Content-Type", "application/json")]
            let broken = try await client.send(
                "POST", "/v1/responses", headers: client.headers + type, body: .bytes(Array("{".utf8)))
            #expect(broken.status == 400)
            let plain = try await client.send(
                "POST", "/v1/responses", headers: client.headers + [("Content-Type", "text/plain")],
                body: .bytes(Sample.vision(["https://a/1"]).bytes))
            #expect(plain.status == 400)
            #expect(try await client.call("GET", "/v1/unknown").status == 404)
        }
    }

    @Test("too few tokens: a reasoning model uses them all without text, another's answer is cut")
    func incomplete() async throws {
        try await withOpenAI { (_, client) async throws in
            let vision = Sample.with(Sample.vision(["https://a/1.jpg"]), "max_output_tokens", 20)
            let silent = try await client.call("POST", "/v1/responses", vision).json
            #expect(silent["status"] == "incomplete")
            #expect(silent["incomplete_details"]?["reason"] == "max_output_tokens")
            #expect(silent["output"]?.array?.map { $0["type"] } == ["reasoning"])
            let text = Sample.with(Sample.translation("<p>x</p>", ["de"]), "max_output_tokens", 20)
            let cut = try await client.call("POST", "/v1/responses", text).json
            #expect(cut["status"] == "incomplete")
            #expect(!cut.outputText.isEmpty && cut.outputJSON == .null)
        }
    }

    @Test("models can be shut down while the simulator runs")
    func shutdown() async throws {
        try await withOpenAI { (simulator, client) async throws in
            #expect(try await client.call("GET", "/v1/models/o4-mini").status == 200)
            try simulator.setFaults(["shutdown": ["o4-mini"]])
            #expect(try await client.call("GET", "/v1/models/o4-mini").status == 404)
            let got = try await client.call("POST", "/v1/responses", Sample.vision(["https://a/1.jpg"]))
            #expect(got.status == 404 && got.errorCode == "model_not_found")
        }
    }

    @Test("files are kept, listed, sent back byte for byte and deleted")
    func files() async throws {
        try await withOpenAI { (_, client) async throws in
            let content = "{\"a\":1}\r\n--Xy is no boundary here\n" + String(repeating: "x", count: 300_000)
            let file = try await client.upload(content).json
            let id = try #require(file["id"]?.string)
            #expect(file["bytes"]?.int == content.utf8.count)
            #expect(file["status"] == "processed" && file["purpose"] == "batch")
            #expect(try await client.call("GET", "/v1/files/\(id)").json == file)
            #expect(try await client.call("GET", "/v1/files/\(id)/content").text == content)
            let second = try await client.upload("{}").json["id"]
            let list = try await client.call("GET", "/v1/files?purpose=batch&limit=1").json
            #expect(list["data"]?.array?.first?["id"] == second)
            #expect(list["has_more"] == true)
            #expect(try await client.call("DELETE", "/v1/files/\(id)").json["deleted"] == true)
            #expect(try await client.call("GET", "/v1/files/\(id)").status == 404)
        }
    }

    @Test("uploads with a wrong name, purpose or field are refused")
    func badUploads() async throws {
        try await withOpenAI { (_, client) async throws in
            #expect(try await client.upload("{}", name: "shard.json").text.contains("Must be .jsonl"))
            #expect(try await client.upload("{}", purpose: "batches").errorCode == "invalid_value")
            #expect(try await client.upload("").status == 400)
            let type = [("Content-Type", "multipart/form-data; boundary=B")]
            let text = "--B\r\nContent-Disposition: form-data; name=\"color\"\r\n\r\nred\r\n--B--\r\n"
            let extra = try await client.send(
                "POST", "/v1/files", headers: client.headers + type, body: .bytes(Array(text.utf8)))
            #expect(extra.errorCode == "unknown_parameter")
            #expect(try await client.call("POST", "/v1/files", Sample.nothing).status == 400)
        }
    }
}

@Suite("loadtest openai: faults", .timeLimit(.minutes(1)))
struct OpenAIFaultTests {
    @Test("refusals strike as often as configured, then the request passes")
    func refusals() async throws {
        try await withOpenAI { (simulator, client) async throws in
            try simulator.setFaults([
                "routes": [
                    ["route": "POST /v1/responses", "fault": "status", "status": 429, "retry_after": 2, "times": 2],
                    ["route": "POST /v1/responses", "fault": "html", "status": 503, "times": 1],
                ]
            ])
            let body = Sample.vision(["https://a/1.jpg"])
            let first = try await client.call("POST", "/v1/responses", body)
            #expect(first.status == 429 && first.header("Retry-After") == "2")
            #expect(first.errorCode == "rate_limit_exceeded")
            #expect(try await client.call("POST", "/v1/responses", body).status == 429)
            let page = try await client.call("POST", "/v1/responses", body)
            #expect(page.status == 503 && page.text.hasPrefix("<html>"))
            #expect(try await client.call("POST", "/v1/responses", body).status == 200)
            #expect(simulator.requests("POST /v1/responses") == 4)
        }
    }

    @Test("a request with a lost reply is executed, a dropped one is not")
    func lostReply() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let file = try #require(try await client.upload(Sample.lines(1)[0].text).json["id"]?.string)
            try simulator.setFaults(["routes": [["route": "POST /v1/batches", "fault": "drop", "times": 1]]])
            await #expect(throws: OutboundError.self) { try await client.create(file) }
            #expect(simulator.batches.isEmpty)
            try simulator.setFaults(["routes": [["route": "POST /v1/batches", "fault": "lost_reply", "times": 1]]])
            let metadata: JSONValue = ["shard": "7"]
            await #expect(throws: OutboundError.self) { try await client.create(file, metadata: metadata) }
            #expect(simulator.batches.count == 1)
            #expect(simulator.doubleSubmissions.isEmpty)
            // The records show a careless client's next request.
            #expect(try await client.create(file, metadata: metadata).status == 200)
            let state = await simulator.state()
            #expect(state["double_submissions"]?.array?.count == 1)
            simulator.clock.advance(seconds: 20)
            #expect(await simulator.state()["double_submissions"]?.array?.count == 2)
        }
    }

    @Test("a truncated reply begins but does not end")
    func truncated() async throws {
        try await withOpenAI { (simulator, client) async throws in
            try simulator.setFaults(["routes": [["route": "*", "fault": "truncated", "times": 1]]])
            await #expect(throws: OutboundError.self) { try await client.call("GET", "/v1/models") }
            #expect(try await client.call("GET", "/v1/models").status == 200)
        }
    }

    @Test("a model can refuse, fail, stop early, or give a wrong or hostile answer")
    func answers() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let body = Sample.vision(["https://a/1.jpg"])
            func answer(_ fault: String) async throws -> Got {
                try simulator.setFaults(["lines": [["fault": .string(fault)]]])
                return try await client.call("POST", "/v1/responses", body)
            }
            let refusal = try await answer("refusal").json
            #expect(refusal["output"]?.array?.last?["content"]?.array?.first?["type"] == "refusal")
            #expect(try await answer("failed").json["error"]?["code"] == "server_error")
            #expect(try await answer("incomplete").json["status"] == "incomplete")
            #expect(try await answer("invalid_json").json.outputJSON == .null)
            let hostile = try await answer("hostile_html").json.outputJSON["damages"]?.string
            #expect(hostile == SimulatedAnswer.hostile(SimulatedAnswer.text(imageURLs: ["https://a/1.jpg"])))
            #expect(try await answer("blank_html").json.outputJSON["damages"]?.string == SimulatedAnswer.blank)
            #expect(try await answer("error").status == 500)
        }
    }

    @Test("pictures that cannot be downloaded give 400, by name or by a real download")
    func downloads() async throws {
        try await onLoop { loop in
            let images = try ImagesSimulator.start(on: loop)
            var options = OpenAIOptions()
            options.fetchImages = true
            options.faults = ["fail_image_substring": "bad"]
            let simulator = try OpenAISimulator.start(on: loop, options: options)
            let client = SimClient(on: loop, port: simulator.port)
            func answer(_ path: String) async throws -> Got {
                try await client.call("POST", "/v1/responses", Sample.vision([images.baseURL + path]))
            }
            #expect(try await answer("/car/1.jpg").status == 200)
            #expect(images.requests("/car/1.jpg") == 1)
            for path in ["/car/bad.jpg", "/missing/1.jpg", "/html/1.jpg"] {
                let got = try await answer(path)
                #expect(got.status == 400 && got.errorCode == "invalid_value", "\(path)")
                #expect(got.json["error"]?["param"] == "url")
            }
            #expect(images.requests("/car/bad.jpg") == 0)
            await client.http.close()
            await simulator.close()
            await images.close()
        }
    }

    @Test("other programs have the same control: /_sim/faults, /_sim/state, /_sim/reset")
    func admin() async throws {
        try await withOpenAI { (_, client) async throws in
            client.headers = []
            let bad = try await client.call("POST", "/_sim/faults", ["routes": [["fault": "explode"]]])
            #expect(bad.status == 400 && bad.json["error"]?.string?.contains("explode") == true)
            #expect(try await client.call("POST", "/_sim/faults", ["shutdown": ["gpt-4o"]]).status == 200)
            client.headers = [("Authorization", "Bearer x")]
            #expect(try await client.call("GET", "/v1/models/gpt-4o").status == 404)
            let state = try await client.call("GET", "/_sim/state").json
            #expect(state["requests"]?["GET /v1/models/{id}"] == 1)
            #expect(state["replies"]?["GET /v1/models/{id} 404"] == 1)
            #expect(try await client.call("POST", "/_sim/reset").status == 200)
            #expect(try await client.call("GET", "/v1/models/gpt-4o").status == 200)
        }
    }
}
