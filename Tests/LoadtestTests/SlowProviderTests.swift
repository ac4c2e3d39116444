// The faults of a provider that is slow, behind a gateway, or odd, over a socket. Thread: each test has its own loop.
import Engine
import TestSupport
import Testing

@testable import LoadtestKit

@Suite("loadtest openai: a slow provider and its lists", .timeLimit(.minutes(1)))
struct SlowProviderTests {
    /// Sends a request, and leaves when the simulator has begun to wait with the act.
    private func leave(
        _ simulator: OpenAISimulator, _ route: String, _ call: @escaping () async throws -> Got
    ) async throws {
        let loop = try #require(Loop.current)
        let task = LoopTask(on: loop) { try await call() }
        while await simulator.state()["replies"]?["\(route) late"] == nil { try await loop.sleep(seconds: 0.01) }
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value() }
    }

    @Test("a batch is made late although its client has left, even if its file is deleted meanwhile")
    func lateCreation() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let content = Sample.lines(2).map(\.text).joined(separator: "\n")
            let file = try #require(try await client.upload(content).json["id"]?.string)
            try simulator.setFaults([
                "routes": [["route": "POST /v1/batches", "fault": "late", "seconds": .double(0.6), "times": 1]]
            ])
            try await leave(simulator, "POST /v1/batches") { try await client.create(file, metadata: ["part": "1"]) }
            #expect(simulator.batches.isEmpty)
            #expect(try await client.call("DELETE", "/v1/files/\(file)").status == 200)
            let loop = try #require(Loop.current)
            while simulator.batches.isEmpty { try await loop.sleep(seconds: 0.02) }
            let state = await simulator.state()
            #expect(state["replies"]?["POST /v1/batches client gone"] == 1)
            #expect(state["batches_by_metadata"] == [#"{"part":"1"}"#: 1])
            simulator.clock.advance(seconds: 101)
            #expect(try await client.batch(simulator.batches[0].id)["status"] == "completed")
        }
    }

    @Test("a gateway gives up at once, and the batch is made later")
    func lateBehindGateway() async throws {
        try await withOpenAI { (simulator, client) async throws in
            try simulator.addForeignBatches(3)
            let file = try #require(try await client.upload(Sample.lines(1)[0].text).json["id"]?.string)
            try simulator.setFaults([
                "routes": [
                    [
                        "route": "POST /v1/batches", "fault": "late", "seconds": .double(0.3), "gateway": 504,
                        "times": 1,
                    ]
                ]
            ])
            let got = try await client.create(file)
            #expect(got.status == 504 && got.text.hasPrefix("<html>") && simulator.batches.count == 3)
            let loop = try #require(Loop.current)
            while simulator.batches.count == 3 { try await loop.sleep(seconds: 0.02) }
            #expect(simulator.batches.map(\.status).count { $0 == .cancelled } == 3)
        }
    }

    @Test("an answer is run and paid although its client has left")
    func lateAnswer() async throws {
        try await withOpenAI { (simulator, client) async throws in
            try simulator.setFaults([
                "routes": [["route": "POST /v1/responses", "fault": "late", "seconds": .double(0.6), "times": 1]]
            ])
            let body = Sample.vision(["https://a/1.jpg"])
            try await leave(simulator, "POST /v1/responses") { try await client.call("POST", "/v1/responses", body) }
            let loop = try #require(Loop.current)
            while await simulator.ledger().isEmpty { try await loop.sleep(seconds: 0.02) }
            #expect(try await client.call("POST", "/v1/responses", body).status == 200)
            #expect(await simulator.ledger().map(\.isDelivered) == [false, true])
            let state = await simulator.state()
            #expect(state["paid_responses_not_delivered"] == 1 && state["paid_responses_twice_count"] == 1)
        }
    }

    @Test("random seconds depend on the seed only")
    func randomSeconds() throws {
        func seconds(_ seed: Int) throws -> [Double] {
            var plan = FaultPlan()
            try plan.apply([
                "seed": .int(seed),
                "routes": [["route": "POST /v1/responses", "fault": "late", "seconds": 1, "seconds_max": 250]],
            ])
            return (0..<20).flatMap { _ in plan.strike(route: "POST /v1/responses", at: .arrival).map(\.seconds) }
        }
        #expect(try seconds(3) == seconds(3))
        #expect(try seconds(3) != seconds(4))
        #expect(try seconds(3).allSatisfy { (1...250).contains($0) } && Set(try seconds(3)).count == 20)
    }

    @Test("a list lags behind creations; the batch itself is there")
    func laggingList() async throws {
        try await withOpenAI { (simulator, client) async throws in
            try simulator.setFaults(["routes": [["route": "GET /v1/batches", "fault": "lag", "seconds": 25]]])
            let id = try await client.batch(Sample.lines(1))
            simulator.clock.advance(seconds: 24)
            #expect(try await client.call("GET", "/v1/batches").json["data"] == [])
            #expect(try await client.batch(id)["id"]?.string == id)
            simulator.clock.advance(seconds: 1)
            #expect(try await client.call("GET", "/v1/batches").json["data"]?.array?.count == 1)
        }
    }

    @Test("a list ignores `after`, and has an odd order", arguments: ["batches", "files"])
    func oddLists(kind: String) async throws {
        try await withOpenAI { (simulator, client) async throws in
            for _ in 0..<8 {
                _ = try await client.batch(Sample.lines(1))
                simulator.clock.advance(seconds: 1)
            }
            func ids(_ query: String = "") async throws -> [String] {
                let list = try await client.call("GET", "/v1/\(kind)?limit=50\(query)").json
                return (list["data"]?.array ?? []).compactMap { $0["id"]?.string }
            }
            let usual = try await ids()
            try simulator.setFaults(["routes": [["route": .string("GET /v1/\(kind)"), "fault": "odd_order"]]])
            let odd = try await ids()
            #expect(odd != usual && odd != usual.reversed() && Set(odd) == Set(usual))
            #expect(try await ids("&after=\(odd[2])") == Array(odd[3...]))
            try simulator.setFaults(["routes": [["route": .string("GET /v1/\(kind)"), "fault": "ignores_after"]]])
            let page = try await client.call("GET", "/v1/\(kind)?limit=50&after=\(usual[7])").json
            #expect(page["data"]?.array?.count == usual.count && page["has_more"] == true)
        }
    }

    @Test("times are absent or off, everywhere or at one route")
    func times() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let id = try await client.batch(Sample.lines(1))
            let right = try #require(try await client.batch(id)["created_at"]?.int)
            try simulator.setFaults([
                "routes": [
                    ["route": "GET /v1/batches", "fault": "no_created_at"],
                    ["route": "GET /v1/batches/{id}", "fault": "times_off", "seconds": -900],
                ]
            ])
            let listed = try #require(try await client.call("GET", "/v1/batches").json["data"]?.array?.first)
            #expect(listed["created_at"] == nil && listed["expires_at"] != nil)
            #expect(try await client.batch(id)["created_at"]?.int == right - 900)
        }
    }
}

@Suite("loadtest openai: gateways and wrong files", .timeLimit(.minutes(1)))
struct GatewayFaultTests {
    static let places = [
        ("POST", "/v1/responses"), ("POST", "/v1/files"), ("GET", "/v1/files"), ("GET", "/v1/files/{id}"),
        ("GET", "/v1/files/{id}/content"), ("DELETE", "/v1/files/{id}"), ("POST", "/v1/batches"),
        ("GET", "/v1/batches"), ("GET", "/v1/batches/{id}"), ("POST", "/v1/batches/{id}/cancel"),
        ("GET", "/v1/models"), ("GET", "/v1/models/{id}"),
    ]

    @Test("each place answers 404 in each form, without acting", arguments: places)
    func notFound(method: String, path: String) async throws {
        try await withOpenAI { (simulator, client) async throws in
            let route: JSONValue = .string("\(method) \(path)")
            func reply(_ fault: [(String, JSONValue)]) async throws -> Got {
                try simulator.setFaults(["routes": [.object([("route", route), ("times", 1)] + fault)]])
                let body: JSONValue? = method == "POST" ? Sample.nothing : nil
                return try await client.call(method, path.replacing("{id}", with: "x"), body)
            }
            let json = try await reply([("fault", "error"), ("status", 404)])
            #expect(json.status == 404 && json.json["error"]?["message"]?.string != nil)
            let page = try await reply([("fault", "html"), ("status", 404)])
            #expect(page.status == 404 && page.text.hasPrefix("<html>"))
            let empty = try await reply([("fault", "empty"), ("status", 404)])
            #expect(empty.status == 404 && empty.body.isEmpty)
            let login = try await reply([("fault", "login")])
            #expect(login.status == 200 && login.text.contains("password"))
            let raw = try await reply([("fault", "raw"), ("status", 404), ("body", #"{"detail":"Not Found"}"#)])
            #expect(raw.status == 404 && raw.json == ["detail": "Not Found"])
            for status in [301, 302] {
                let moved = try await reply([("fault", "redirect"), ("status", .int(status)), ("to", "login")])
                #expect(moved.status == status && moved.header("Location") == "/login")
            }
            #expect(simulator.batches.isEmpty)
        }
    }

    /// A completed batch, and the id of its output file.
    private func output(
        _ simulator: OpenAISimulator, _ client: SimClient
    ) async throws -> (batch: String, file: String) {
        let id = try await client.batch(Sample.lines(20))
        simulator.clock.advance(seconds: 101)
        return (id, try #require(try await client.batch(id)["output_file_id"]?.string))
    }

    @Test("a file is compressed unasked, cut short with a good end, or another thing")
    func wrongFiles() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let path = "/v1/files/\(try await output(simulator, client).file)/content"
            func content(_ fault: JSONValue) async throws -> Got {
                var members = fault.objectMembers
                members += [("route", "GET /v1/files/{id}/content"), ("times", 1)]
                try simulator.setFaults(["routes": [.object(members)]])
                return try await client.call("GET", path)
            }
            let good = try await client.call("GET", path)
            let packed = try await content(["fault": "gzip"])
            #expect(packed.header("Content-Encoding") == "gzip" && packed.body.count < good.body.count)
            #expect(packed.body.starts(with: [0x1F, 0x8B]))
            let cut = try await content(["fault": "cut"])
            #expect(cut.status == 200 && cut.header("Content-Length") == nil)
            #expect(cut.body == Array(good.body[..<(good.body.count / 2)]))
            let object = try await content(["fault": "error", "status": 200, "message": "try later"])
            #expect(object.status == 200 && object.json["error"]?["message"] == "try later")
            let page = try await content(["fault": "html", "status": 200])
            #expect(page.status == 200 && page.text.hasPrefix("<html>"))
            #expect(try await content(["fault": "slow", "seconds": 0]).body == good.body)
        }
    }

    @Test("a file lies at another path, or at another host that sees whether the key comes along")
    func redirects() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let path = "/v1/files/\(try await output(simulator, client).file)/content"
            let good = try await client.call("GET", path)
            try simulator.setFaults([
                "routes": [
                    ["route": "GET /v1/files/{id}/content", "fault": "redirect", "times": 1],
                    ["route": "GET /v1/files/{id}/content", "fault": "redirect", "to": "host", "times": 1],
                ]
            ])
            let near = try #require(try await client.call("GET", path).header("Location"))
            #expect(try await client.call("GET", near).body == good.body)
            let far = try #require(try await client.call("GET", path).header("Location"))
            #expect(far.hasPrefix("http://127.0.0.2:"))
            func fetch(_ headers: [(String, String)]) async throws -> [UInt8] {
                try await client.http.send(OutboundRequest(method: "GET", url: far, headers: headers)).body
            }
            #expect(try await fetch([]) == good.body)
            #expect(simulator.keysElsewhere == 0)
            _ = try await fetch(client.headers)
            #expect(simulator.keysElsewhere == 1)
        }
    }

    @Test("an ended batch comes once without its files, or without its counts")
    func missingMembers() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let id = try await client.batch(Sample.lines(2))
            try simulator.setFaults([
                "routes": [
                    ["route": "GET /v1/batches/{id}", "fault": "no_files", "times": 1],
                    ["route": "GET /v1/batches/{id}", "fault": "no_counts", "times": 2],
                ]
            ])
            // The fault waits for a batch with files.
            #expect(try await client.batch(id)["status"] == "validating")
            simulator.clock.advance(seconds: 101)
            let bare = try await client.batch(id)
            #expect(bare["status"] == "completed" && bare["output_file_id"] == .null && bare["request_counts"] == nil)
            let whole = try await client.batch(id)
            #expect(whole["output_file_id"]?.string != nil && whole["request_counts"]?["completed"] == 2)
        }
    }

    @Test("a fault strikes by the request's text: a model's batches, files of a size")
    func conditions() async throws {
        try await withOpenAI { (simulator, client) async throws in
            try simulator.setFaults([
                "routes": [
                    [
                        "route": "POST /v1/batches", "fault": "error", "status": 400, "code": "model_not_found",
                        "contains": #""model":"o4-mini""#,
                    ],
                    [
                        "route": "POST /v1/files", "fault": "error", "status": 413, "message": "File is too large.",
                        "min_bytes": 100_000,
                    ],
                ]
            ])
            let content = Sample.lines(2).map(\.text).joined(separator: "\n")
            let old = try #require(try await client.upload(content).json["id"]?.string)
            #expect(try await client.create(old).errorCode == "model_not_found")
            let line = Sample.line("a", Sample.vision(["https://a/1.jpg"], model: "o3")).text
            let other = try #require(try await client.upload(line).json["id"]?.string)
            #expect(try await client.create(other).status == 200)
            let large = try await client.upload(String(repeating: "x", count: 100_000))
            #expect(large.status == 413 && large.json["error"]?["message"] == "File is too large.")
        }
    }

    @Test("a gateway answers in its own way after the act, and any header can be sent")
    func actsFirst() async throws {
        try await withOpenAI { (simulator, client) async throws in
            let file = try #require(try await client.upload(Sample.lines(1)[0].text).json["id"]?.string)
            try simulator.setFaults([
                "routes": [
                    [
                        "route": "POST /v1/batches", "fault": "html", "status": 504, "acts": true, "times": 1,
                        "headers": ["Retry-After": "Sun, 29 Nov 2026 00:00:00 GMT", "x-should-retry": "true"],
                    ],
                    ["route": "POST /v1/batches", "fault": "error", "status": 429, "retry_after": .double(0.5)],
                ]
            ])
            let first = try await client.create(file)
            #expect(first.status == 504 && first.header("x-should-retry") == "true")
            #expect(first.header("Retry-After") == "Sun, 29 Nov 2026 00:00:00 GMT")
            #expect(simulator.batches.count == 1)
            #expect(try await client.create(file).header("Retry-After") == "0.5")
            #expect(simulator.batches.count == 1)
        }
    }
}
