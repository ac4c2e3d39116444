// The client against a scripted server: requests on the wire, and which of them are repeated.
import TestSupport
import Testing

@testable import Engine

typealias Reply = ScriptedServer.Reply

/// Runs `body` with a client of a server that follows `script`; returns the requests received.
@discardableResult
func withOpenAI(
    _ script: [Reply], configure: @escaping @Sendable (inout OpenAIConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (OpenAIClient) async throws -> Void
) async throws -> [ScriptedServer.Request] {
    let server = try ScriptedServer(script)
    defer { server.stop() }
    let baseURL = server.baseURL
    try await onLoop { loop in
        var configuration = OpenAIConfiguration(baseURL: baseURL, apiKey: "sk-test-key")
        configure(&configuration)
        var policy = RetryPolicy()
        policy.backOff.firstSeconds = 0.001
        let http = HTTPClient(on: loop)
        let client = OpenAIClient(http: http, configuration: configuration, policy: policy, random: { 0 })
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(client)) } catch { outcome = .failure(error) }
        await http.close()
        try outcome.get()
    }
    return server.requests
}

/// The error of `body`.
func openAIError(_ body: () async throws(OpenAIError) -> Void) async throws -> OpenAIError {
    do throws(OpenAIError) { try await body() } catch { return error }
    throw NoError()
}

struct NoError: Error {}

func answered(_ text: String, status: String = "completed") -> Reply {
    let quoted = JSONValue.string(text).text
    return .json(
        200,
        """
        {"id":"resp_1","status":"\(status)","model":"snap-1",\
        "incomplete_details":{"reason":"max_output_tokens"},"output":[\
        {"type":"message","content":[{"type":"output_text","text":\(quoted)}]}],\
        "usage":{"input_tokens":10,"output_tokens":5}}
        """)
}

func failed(_ status: Int, _ code: String, param: String = "", _ headers: [(String, String)] = []) -> Reply {
    .json(status, #"{"error":{"message":"m","type":"t","param":"\#(param)","code":"\#(code)"}}"#, headers)
}

private let good = answered(#"{"damages":"<p>Dent</p>"}"#)

@Suite("OpenAI's answers on the wire", .timeLimit(.minutes(1)))
struct OpenAIRespondTests {
    @Test("a request has the key, the organisation and the body, and returns the answer")
    func plain() async throws {
        let requests = try await withOpenAI([good]) {
            $0.organization = "org-1"
            $0.project = "proj-1"
        } _: { client in
            let answer = try await client.respond(Array("{}".utf8), fields: ["damages"], deadlineSeconds: 10)
            #expect(answer["damages"] == "<p>Dent</p>")
            #expect(answer.model == "snap-1")
            #expect(answer.usage == Usage(input: 10, output: 5))
        }
        #expect(requests.count == 1)
        #expect(requests[0].method == "POST")
        #expect(requests[0].target == "/v1/responses")
        #expect(requests[0].header("authorization") == "Bearer sk-test-key")
        #expect(requests[0].header("openai-organization") == "org-1")
        #expect(requests[0].header("openai-project") == "proj-1")
        #expect(requests[0].header("content-type") == "application/json")
        #expect(requests[0].text == "{}")
    }

    @Test("a call that the provider itself refused is made again: 429, its own 5xx")
    func retried() async throws {
        for trouble in [failed(429, "rate_limit_exceeded"), failed(500, "server_error"), failed(503, "overloaded")] {
            let requests = try await withOpenAI([trouble, trouble, good]) { client in
                _ = try await client.respond(Array("{}".utf8), deadlineSeconds: 10)
            }
            #expect(requests.count == 3)
        }
    }

    @Test("a call whose answer may be paid for is not made again: a lost reply, a gateway that gave up, a time-out")
    func paidOnce() async throws {
        let gaveUp: [Reply] = [
            .hangUp, .cutShort("{"), .json(502, "<html>"), .json(504, "<html>"), .json(500, ""), .json(524, "x"),
            failed(504, "timeout"), failed(408, "timeout"), .silence,
        ]
        for reply in gaveUp {
            let requests = try await withOpenAI([reply, good, good]) {
                $0.callSeconds = 0.5
            } _: { client in
                let error = try await openAIError { () throws(OpenAIError) in
                    _ = try await client.respond(Array("{}".utf8), deadlineSeconds: 30)
                }
                #expect(error.mayHaveArrived, "\(reply)")
            }
            #expect(requests.count == 1, "\(reply)")
        }
    }

    @Test("a call may take as long as its deadline allows")
    func patient() async throws {
        #expect(OpenAIConfiguration(apiKey: "k").callSeconds >= 600)
    }

    @Test("three attempts and no more; the error is that of the last one")
    func bounded() async throws {
        let trouble = failed(500, "server_error", [("x-request-id", "req_42")])
        let requests = try await withOpenAI([failed(429, "slow_down"), trouble, trouble, good]) { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.respond([], deadlineSeconds: 10)
            }
            #expect(error.kind == .api(status: 500, code: "server_error", message: "m"))
            #expect(error.requestID == "req_42")
            #expect(error.mayHaveArrived)
        }
        #expect(requests.count == 3)
    }

    @Test("permanent errors are not retried", arguments: ["insufficient_quota", "model_not_found", "bad"])
    func final(_ code: String) async throws {
        let requests = try await withOpenAI([failed(code == "bad" ? 400 : 429, code), good]) { client in
            _ = try await openAIError { () throws(OpenAIError) in _ = try await client.respond([], deadlineSeconds: 10)
            }
        }
        #expect(requests.count == 1)
    }

    @Test("Retry-After is obeyed")
    func retryAfter() async throws {
        try await withOpenAI([failed(429, "rate_limit_exceeded", [("Retry-After", "0.2")]), good]) { client in
            let begin = Monotonic.seconds()
            _ = try await client.respond([], deadlineSeconds: 10)
            #expect(Monotonic.seconds() - begin >= 0.2)
        }
    }

    @Test("a Retry-After beyond the deadline is reported without a wait")
    func retryAfterBeyond() async throws {
        let requests = try await withOpenAI([failed(429, "slow_down", [("Retry-After", "30")]), good]) { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.respond([], deadlineSeconds: 5)
            }
            #expect(error.kind == .rateLimited)
            #expect(error.retryAfter == 30)
        }
        #expect(requests.count == 1)
    }

    @Test("C2.6: silence ends at the deadline")
    func deadline() async throws {
        try await withOpenAI([.silence, good]) { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.respond([], deadlineSeconds: 1)
            }
            #expect(error.kind == .timedOut)
            #expect(error.mayHaveArrived)
        }
    }

    @Test("a refused connection is unavailable, and no request can have arrived")
    func nobody() async throws {
        try await withOpenAI([]) {
            // A port that was free a moment ago and has no listener.
            $0 = OpenAIConfiguration(baseURL: "http://127.0.0.1:1/v1", apiKey: "k")
        } _: { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.respond([], deadlineSeconds: 5)
            }
            #expect(error.kind == .unavailable)
            #expect(!error.mayHaveArrived)
        }
    }

    @Test("the key is never shown, even if the server repeats it")
    func key() async throws {
        let echo = Reply.json(400, #"{"error":{"message":"odd key K3Y-of-ours here","code":"c"}}"#)
        try await withOpenAI([echo]) {
            $0 = OpenAIConfiguration(baseURL: $0.baseURL, apiKey: "K3Y-of-ours")
        } _: { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.respond([], deadlineSeconds: 5)
            }
            #expect(error.reason == "OpenAI answered 400 (c): odd key [hidden] here")
        }
    }
}

@Suite("Requests to OpenAI's models", .timeLimit(.minutes(1)))
struct OpenAIAskTests {
    private static func ask(_ client: OpenAIClient) async throws(OpenAIError) -> OpenAIClient.StageAnswer {
        try await client.ask(.translation, fields: ["damages"], deadlineSeconds: 20) { parameters in
            JSONValue.object([
                ("model", .string(parameters.name)),
                ("temperature", parameters.temperature.map { .double($0) } ?? .null),
                ("room", .int(parameters.maxOutputTokens)),
            ]).bytes
        }
    }

    @Test("C8: the next model of the list is used, and stays in use")
    func fallback() async throws {
        let requests = try await withOpenAI([failed(404, "model_not_found"), good, good]) { client in
            let first = try await Self.ask(client)
            #expect(first.parameters.name == "gpt-6-luna")
            let second = try await Self.ask(client)
            #expect(second.parameters.name == "gpt-6-luna")
        }
        #expect(requests.map(\.text).map { $0.contains("gpt-4.1-mini") } == [true, false, false])
    }

    @Test("C8: if every model is removed the error says so, without an endless loop")
    func allGone() async throws {
        let gone = failed(400, "model_not_found")
        let requests = try await withOpenAI([gone, gone, gone, gone]) { client in
            let error = try await openAIError { () throws(OpenAIError) in _ = try await Self.ask(client) }
            #expect(error.kind == .modelNotFound)
        }
        #expect(requests.count == 2)
    }

    @Test("a refused temperature is left out from then on")
    func temperature() async throws {
        let refusal = failed(400, "unsupported_parameter", param: "temperature")
        let requests = try await withOpenAI([refusal, good, good]) { client in
            let first = try await Self.ask(client)
            #expect(first.parameters.temperature == nil)
            _ = try await Self.ask(client)
        }
        #expect(requests.map(\.text).map { $0.contains("0.1") } == [true, false, false])
    }

    @Test("whatever a model refuses is left out from then on, one call for each, in a request and in later ones")
    func refusals() async throws {
        let efforts = """
            {"error":{"message":"Unsupported value: 'none' is not supported with the 'm' model. Supported values are: \
            'low', 'medium', and 'high'.","type":"invalid_request_error","param":"reasoning.effort",\
            "code":"unsupported_value"}}
            """
        let room = """
            {"error":{"message":"max_output_tokens is too large: 4000. This model supports at most 2048 completion \
            tokens, whereas you provided 4000.","param":"max_output_tokens","code":"invalid_value"}}
            """
        let refusals: [Reply] = [
            failed(400, "unknown_parameter", param: "prompt_cache_options"), .json(400, efforts), .json(400, room),
        ]
        let requests = try await withOpenAI(refusals + [good, good]) {
            $0.translationModels = ["gpt-6-luna"]
        } _: { client in
            for _ in 0..<2 {
                _ = try await client.ask(.translation, fields: ["damages"], deadlineSeconds: 20) { asked in
                    TranslationRequest.body(
                        english: "<p>x</p>", languages: [("damages", "D")], model: asked,
                        configuration: client.configuration)
                }
            }
        }
        let sent = requests.map(\.text).map { text in
            ["explicit", #""none""#, #""low""#, ":4000", ":2048"].filter(text.contains).joined(separator: " ")
        }
        #expect(
            sent == [
                #"explicit "none" :4000"#, #""none" :4000"#, #""low" :4000"#, #""low" :2048"#, #""low" :2048"#,
            ])
    }

    @Test("C2.5: a cut answer is requested again with more room, and both are paid for")
    func cut() async throws {
        let requests = try await withOpenAI([answered("{\"dam", status: "incomplete"), good]) { client in
            let answer = try await Self.ask(client)
            #expect(answer.answer.usage == Usage(input: 20, output: 10))
            #expect(answer.parameters.maxOutputTokens == 8000)
        }
        #expect(requests.map(\.text).map { $0.contains("8000") } == [false, true])
    }

    @Test("C2.5: an answer that stays unusable is an error with its cost")
    func unusable() async throws {
        let bad = answered("not JSON")
        let requests = try await withOpenAI([bad, bad, bad, good]) { client in
            let error = try await openAIError { () throws(OpenAIError) in _ = try await Self.ask(client) }
            #expect(error.kind == .malformed("the text does not match the schema"))
            #expect(error.usage == Usage(input: 30, output: 15))
        }
        #expect(requests.count == 3)
    }

    @Test("the probe lists models with their announced ends, in one attempt")
    func probe() async throws {
        let list = #"{"object":"list","data":[{"id":"a","shutdown_date":"2027-01-14"},{"id":"b"},{"x":1}]}"#
        try await withOpenAI([.json(200, list), .json(503, "")]) { client in
            let probe = try await client.modelProbe()
            #expect(probe.models.map(\.id) == ["a", "b"])
            #expect(probe.models.map(\.shutdownDate) == ["2027-01-14", nil])
            #expect(probe.seconds < 10)
            _ = try await openAIError { () throws(OpenAIError) in _ = try await client.modelProbe() }
        }
    }
}
