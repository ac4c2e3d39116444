// The way to a compatible provider: headers, query, key file, further members, names in batches.
import Foundation
import Testing

@testable import Engine

private let good = answered(#"{"damages":"<p>Dent</p>"}"#)
private let list = Reply.json(200, #"{"object":"list","data":[]}"#)

/// A file with a key, removed at the end.
private func withKeyFile(_ key: String, _ body: (String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "key-\(UUID().uuidString)").path
    try key.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
}

/// Headers from a text that has the form.
private func parsed(_ text: String) -> ProviderHeaders { (try? ProviderHeaders(parsing: text)) ?? ProviderHeaders() }

@Suite("The way to a compatible provider", .timeLimit(.minutes(1)))
struct ProviderAccessTests {
    private func headers(_ text: String) throws -> [String] {
        try ProviderHeaders(parsing: text).fields.map { "\($0.name)=\($0.value)" }
    }

    @Test("OPENAI_HEADERS is a list of pairs or a JSON object")
    func headerForms() throws {
        #expect(
            try headers("api-key: X; HTTP-Referer: https://a.example/b ;") == [
                "api-key=X", "HTTP-Referer=https://a.example/b",
            ])
        #expect(try headers(#"{"X-A": "b; c", "X-B": "d"}"#) == ["X-A=b; c", "X-B=d"])
        let wrong = [
            "api-key", "api-key:", ": x", "a b: c", "a: b; A: c", "a: b\r\nX: y", "Host: h", "content-type: a/b",
            "OpenAI-Project: p", "{", #"{"a": 1}"#, #"{"a": "b\nc"}"#,
        ]
        for text in wrong {
            #expect(throws: InvalidSetting.self, "\(text)") { try ProviderHeaders(parsing: text) }
        }
    }

    @Test("no printed form of the headers, and no message about them, shows a value")
    func headerSecrets() throws {
        var configuration = OpenAIConfiguration(apiKey: "k")
        configuration.headers = try ProviderHeaders(parsing: "X-Token: very-secret")
        var dumped = "\(configuration) \(configuration.headers)"
        dump(configuration, to: &dumped)
        dump(configuration.headers, to: &dumped)
        #expect(!dumped.contains("very-secret") && dumped.contains("X-Token"))
        for text in ["X-Token very-secret", "X-Token: very-secret\u{1}", #"{"X-Token": ["very-secret"]}"#] {
            do {
                _ = try ProviderHeaders(parsing: text)
                Issue.record("accepted: \(text)")
            } catch { #expect(!"\(error)".contains("secret")) }
        }
    }

    @Test("every call has the organization, the project, the headers and the base URL's query, before its own")
    func wire() async throws {
        let requests = try await withOpenAI([good, list, .json(200, #"{"deleted":true}"#)]) { configuration in
            let base = configuration.baseURL + "/?api-version=2025-04-01"
            configuration = OpenAIConfiguration(baseURL: base, apiKey: "sk-test-key")
            configuration.organization = "org-1"
            configuration.project = "proj-1"
            let text = "HTTP-Referer: https://cars.example; X-Title: Cars"
            configuration.headers = parsed(text)
        } _: { client in
            _ = try await client.respond(Array("{}".utf8), fields: ["damages"], deadlineSeconds: 10)
            _ = try await client.listBatches(after: "batch_1")
            try await client.deleteFile("file-1")
        }
        #expect(
            requests.map(\.target) == [
                "/v1/responses?api-version=2025-04-01", "/v1/batches?api-version=2025-04-01&limit=100&after=batch_1",
                "/v1/files/file-1?api-version=2025-04-01",
            ])
        for request in requests {
            #expect(request.header("openai-organization") == "org-1" && request.header("openai-project") == "proj-1")
            #expect(request.header("http-referer") == "https://cars.example" && request.header("x-title") == "Cars")
            #expect(request.header("authorization") == "Bearer sk-test-key")
        }
    }

    @Test("a header with a credential replaces the bearer token", arguments: ["api-key", "Authorization"])
    func credential(name: String) async throws {
        let echo = #"{"error":{"message":"wrong key abcdefgh-123 of Basic abcdefgh-123","code":"abcdefgh-123"}}"#
        let requests = try await withOpenAI([.json(400, echo)]) { configuration in
            configuration = OpenAIConfiguration(baseURL: configuration.baseURL, apiKey: "")
            configuration.headers = parsed("\(name): Basic abcdefgh-123")
            #expect(configuration.problems().isEmpty)
        } _: { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.respond([], deadlineSeconds: 10)
            }
            #expect(!"\(error)".contains("abcdefgh") && error.reason.contains("[hidden]"))
        }
        #expect(requests[0].headers.count { $0.name == "authorization" } == (name == "api-key" ? 0 : 1))
        #expect(requests[0].header(name) == "Basic abcdefgh-123")
    }

    @Test("a key that was renewed in its file is used after the first refusal, and no call is lost")
    func renewed() async throws {
        try await withKeyFile("token-one\n") { path in
            let refusal = failed(401, "invalid_api_key")
            let requests = try await withOpenAI([good, refusal, good, refusal]) {
                $0 = OpenAIConfiguration(baseURL: $0.baseURL, apiKey: "token-one")
                ($0.keyFile, $0.keyFileSeconds) = (path, 3600)
            } _: { client in
                _ = try await client.respond([], deadlineSeconds: 10)
                try "token-two".write(toFile: path, atomically: true, encoding: .utf8)
                _ = try await client.respond([], deadlineSeconds: 10)
                // The same key was refused: the error is the caller's.
                _ = try await openAIError { () throws(OpenAIError) in
                    _ = try await client.respond([], deadlineSeconds: 10)
                }
            }
            let keys = requests.map { $0.header("authorization") ?? "" }
            #expect(keys == ["one", "one", "two", "two"].map { "Bearer token-\($0)" })
        }
    }

    @Test("a key file that cannot be used leaves the key before it")
    func broken() async throws {
        try await withKeyFile("token-one") { path in
            let requests = try await withOpenAI([failed(401, "invalid_api_key"), good]) {
                $0 = OpenAIConfiguration(baseURL: $0.baseURL, apiKey: "token-zero")
                $0.keyFile = path
            } _: { client in
                try "two words".write(toFile: path, atomically: true, encoding: .utf8)
                _ = try await openAIError { () throws(OpenAIError) in
                    _ = try await client.respond([], deadlineSeconds: 10)
                }
                try FileManager.default.removeItem(atPath: path)
                _ = try await client.respond([], deadlineSeconds: 10)
            }
            #expect(requests.map { $0.header("authorization") } == ["Bearer token-zero", "Bearer token-zero"])
        }
        #expect(KeyFile.read("/no/such/file") == .failure(InvalidSetting("cannot be read")))
        #expect(KeyFile.read("/dev/null") == .failure(InvalidSetting("is empty")))
    }

    @Test("a renewed token is the same account; another file, organization or project is another one")
    func account() throws {
        func account(_ change: (inout OpenAIConfiguration) -> Void, key: String = "abc") -> String {
            var configuration = OpenAIConfiguration(apiKey: key)
            change(&configuration)
            return configuration.account
        }
        let file = account { $0.keyFile = "/run/key" }
        #expect(file == account({ $0.keyFile = "/run/key" }, key: "renewed"))
        let all = [
            file, account { $0.keyFile = "/run/other" }, account { _ in }, account { $0.organization = "o" },
            account { $0.project = "o" }, account { $0.headers = parsed("api-key: x") },
        ]
        #expect(Set(all).count == all.count)
        // Versions of the API, and headers without a credential, are no accounts.
        let dated = OpenAIConfiguration(baseURL: "http://h/v1?api-version=1", apiKey: "abc").account
        #expect(dated == OpenAIConfiguration(baseURL: "http://h/v1/?api-version=2", apiKey: "abc").account)
        #expect(account { _ in } == account { $0.headers = parsed("X-Title: x") })
    }

    @Test("OPENAI_EXTRA_BODY is added to each body; it cannot change what is asked")
    func extraBody() throws {
        var configuration = OpenAIConfiguration(apiKey: "k")
        configuration.translationModels = ["gpt-4.1-mini"]
        configuration.extraBody = try ExtraBody(parsing: #" {"service_tier":"flex", "provider": {"order":["a"]}} "#)
        let bodies = [
            VisionRequest.body(
                additionalInfo: "x", images: [.url("https://a.example/1.jpg")],
                model: configuration.parameters(for: "gpt-4.1-mini", in: .translation), configuration: configuration),
            TranslationRequest.body(
                english: "<p>x</p>", languages: [("de", "German")],
                model: configuration.parameters(for: "gpt-4.1-mini", in: .translation),
                configuration: configuration),
        ]
        for body in bodies {
            let value = try JSONValue.parse(body)
            #expect(value["service_tier"] == "flex" && value["provider"]?["order"] == ["a"])
            #expect(value["temperature"] != nil && value["store"] == false)
        }
        // The operator's own temperature stands there once.
        configuration.extraBody = try ExtraBody(parsing: #"{"temperature": 0.7}"#)
        let body = VisionRequest.body(
            additionalInfo: nil, images: [], model: configuration.parameters(for: "gpt-4.1-mini", in: .vision),
            configuration: configuration)
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains(#","temperature":0.7"#) && !text.contains("0.1"))
        let wrong = [
            "", "[]", "1", #"{"stream": true}"#, #"{"model": "x"}"#, #"{"background": true}"#, #"{"store": true}"#,
            #"{"tools": []}"#, #"{"a": 1, "a": 2}"#, #"{"a": "\#(String(repeating: "x", count: 5000))"}"#,
        ]
        for text in wrong {
            #expect(throws: InvalidSetting.self, "\(text.prefix(30))") { try ExtraBody(parsing: text) }
        }
        #expect(try ExtraBody(parsing: "{}") == ExtraBody())
    }

    @Test("batch lines have the names of their deployments, in the order of the models")
    func batchNames() {
        var configuration = OpenAIConfiguration(apiKey: "k")
        configuration.visionModels = ["v1", "v2"]
        #expect(configuration.batchName(of: "v2", in: .vision) == "v2")
        configuration.visionBatchModels = ["v1-batch", "v2-batch"]
        #expect(configuration.batchName(of: "v2", in: .vision) == "v2-batch")
        #expect(configuration.batchName(of: "v2", in: .translation) == "v2")
        #expect(configuration.batchName(of: "of-before", in: .vision) == "of-before")
        #expect(configuration.problems().isEmpty)
        configuration.visionBatchModels = ["v1-batch"]
        #expect(configuration.problems().count == 1)
        // The models that are asked stay the same ones.
        #expect(configuration.choice(for: .vision).current.name == "v1")
    }

    @Test("endpoints that the provider lacks are found by one call each")
    func endpoints() async throws {
        let script = [list, .json(404, "<html>"), .json(405, ""), failed(403, "x"), .json(500, ""), .hangUp]
        let requests = try await withOpenAI(script) { client in
            #expect(await client.look(for: .files) == .there)
            #expect(await client.look(for: .batches) == .missing(status: 404))
            #expect(await client.look(for: .batches) == .missing(status: 405))
            for _ in 0..<3 {
                guard case .unclear = await client.look(for: .files) else {
                    Issue.record("not unclear")
                    continue
                }
            }
        }
        #expect(requests.count == 6)
        #expect(requests[0].target == "/v1/files?purpose=batch&limit=1" && requests[1].target == "/v1/batches?limit=1")
        #expect(BatchEndpoint.batches.advice(status: 404).contains("OPENAI_BATCHES=off"))
    }
}
