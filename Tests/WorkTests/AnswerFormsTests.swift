// The forms in which OpenAI and compatible servers answer. Any thread.
import Testing

@testable import Engine

private func read(_ text: String) throws -> Result<ModelAnswer, OpenAIError> {
    AnswerReader.read(try JSONValue.parse(Array(text.utf8)), fields: ["damages"])
}

private func message(_ text: String, phase: String? = nil) -> JSONValue {
    var members: [(String, JSONValue)] = [
        ("type", "message"), ("content", [["type": "output_text", "text": .string(text)]]),
    ]
    if let phase { members.append(("phase", .string(phase))) }
    return .object(members)
}

private func response(_ output: [JSONValue], _ more: [(String, JSONValue)] = []) -> String {
    JSONValue.object([("status", "completed"), ("model", "m"), ("output", .array(output))] + more).text
}

private let good = #"{"damages":"<p>x</p>"}"#

@Suite("Forms of an answer", .timeLimit(.minutes(1)))
struct AnswerFormsTests {
    private func damages(_ text: String) throws -> String? { try? read(text).get()["damages"] }

    @Test("comments before the answer are left out, also if they are JSON themselves")
    func phases() throws {
        let comment = message("Let me look at the photographs.", phase: "commentary")
        let jsonComment = message(#"{"damages":"<p>not yet</p>"}"#, phase: "commentary")
        let plain = message("Something else.")
        for output in [
            [comment, message(good, phase: "final_answer")], [jsonComment, message(good, phase: "final_answer")],
            [plain, message(good, phase: "final_answer")], [message(good, phase: "final_answer"), comment],
            [comment, message(good)], [message(good)],
            [message(#"{"damages":"#, phase: "final_answer"), message(#""<p>x</p>"}"#, phase: "final_answer")],
        ] {
            #expect(try damages(response(output)) == "<p>x</p>")
        }
        #expect(try damages(response([jsonComment])) == nil)
        #expect(try damages(response([message("Let me see."), message(good)])) == "<p>x</p>")
    }

    @Test("forms of compatible servers")
    func compatible() throws {
        let fenced = "Here it is:\n```json\n\(good)\n```\n"
        let content: JSONValue = ["type": "message", "content": .string(good)]
        for text in [
            response([message(fenced)]), response([message("\u{FEFF}\(good)")]), response([content]),
            response([], [("output_text", .string(good))]),
            JSONValue.object([("output_text", .string(good))]).text,
        ] {
            #expect(try damages(text) == "<p>x</p>", "\(text)")
        }
        #expect(try damages(response([message("```json\n{\"damages\":")])) == nil)
    }

    @Test("usage under the names of Chat Completions is read; a missing one is unknown")
    func usage() throws {
        let chat: JSONValue = ["prompt_tokens": 11, "completion_tokens": 7]
        let answer = try read(response([message(good)], [("usage", chat)])).get()
        #expect(answer.usage == Usage(input: 11, output: 7) && answer.usageIsKnown)
        for usage in [JSONValue.null, [:], ["input_tokens": .null]] {
            let unknown = try read(response([message(good)], [("usage", usage)])).get()
            #expect(unknown.usage == .zero && !unknown.usageIsKnown)
        }
    }

    @Test("a 200 with an error is that error")
    func errors() throws {
        func error(_ text: String) throws -> OpenAIError {
            guard case .failure(let error) = try read(text) else { throw NoError() }
            return error
        }
        let limited = try error(#"{"error":{"code":429,"message":"upstream is busy"},"user_id":"u"}"#)
        #expect(limited.kind == .rateLimited && limited.mayHaveArrived)
        #expect(try error(#"{"error":"no model loaded"}"#).reason.hasSuffix("no model loaded"))
        let bad = try error(#"{"error":{"code":"unknown_parameter","message":"m","param":"x"}}"#)
        #expect(bad.fault == .form && !bad.curable)
        #expect(try error("{}").kind == .malformed("it is not a response object"))
    }

    @Test("lines of compatible servers are read, not paid for again")
    func lines() throws {
        let body = response([message(good)])
        let quoted = JSONValue.string(body).text
        for response in [
            #"{"status_code":"200","body":\#(body)}"#, #"{"body":\#(body)}"#, #"{"status_code":200,"body":\#(quoted)}"#,
            #"{"status_code":null,"body":\#(quoted)}"#,
        ] {
            let line = #"{"custom_id":"v-1","response":\#(response),"error":null}"#
            guard case .answer? = BatchOutput.read(Array("\u{FEFF}\(line)".utf8), fields: ["damages"])?.outcome else {
                Issue.record("\(line)")
                continue
            }
        }
        let failed = #"{"custom_id":"v-1","response":{"body":{"error":{"message":"no","code":"content_filter"}}}}"#
        #expect(BatchOutput.read(Array(failed.utf8))?.error?.fault == .lot)
    }
}

@Suite("Answers that take their time", .timeLimit(.minutes(1)))
struct AnswersInTimeTests {
    private static func respond(_ client: OpenAIClient) async throws(OpenAIError) -> ModelAnswer {
        try await client.respond(Array("{}".utf8), fields: ["damages"], deadlineSeconds: 20)
    }

    private let unfinished = Reply.json(200, #"{"id":"resp_7","status":"in_progress","output":[]}"#)

    @Test("an answer that is still being made is fetched by its id, not asked for again")
    func fetched() async throws {
        let requests = try await withOpenAI([unfinished, unfinished, answered(good)]) { client in
            let answer = try await Self.respond(client)
            #expect(answer["damages"] == "<p>x</p>")
        }
        #expect(requests.map(\.method) == ["POST", "GET", "GET"])
        #expect(requests.last?.target == "/v1/responses/resp_7")
    }

    @Test("an answer that the provider does not keep is not asked for again")
    func notKept() async throws {
        let requests = try await withOpenAI([unfinished, failed(404, "not_found"), answered(good)]) { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.ask(.vision, fields: ["damages"], deadlineSeconds: 20) { _ in Array("{}".utf8) }
            }
            #expect(error.kind == .malformed("its status is in_progress"))
        }
        #expect(requests.count == 2)
    }

    @Test("an answer that failed because of a rate limit is asked for again later")
    func limited() async throws {
        let failed = #"{"id":"r","status":"failed","error":{"code":"rate_limit_exceeded","message":"m"},"output":[]}"#
        let requests = try await withOpenAI([.json(200, failed), answered(good)]) { client in
            _ = try await Self.respond(client)
        }
        #expect(requests.count == 2)
    }

    @Test("a request that is too large is refused at once")
    func oversized() async throws {
        let body =
            #"{"error":{"message":"Request too large for m on TPM","type":"tokens","code":"rate_limit_exceeded"}}"#
        let requests = try await withOpenAI([.json(429, body, [("x-should-retry", "true")]), answered(good)]) {
            client in
            let error = try await openAIError { () throws(OpenAIError) in _ = try await Self.respond(client) }
            #expect(ServiceError(error).code == .openAIError)
            #expect(error.reason.contains("Request too large"))
        }
        #expect(requests.count == 1)
    }

    @Test("a name that cannot be resolved is named in the error")
    func resolver() async throws {
        try await withOpenAI([]) {
            $0 = OpenAIConfiguration(baseURL: "http://no-such-host.invalid/v1", apiKey: "k")
        } _: { client in
            let error = try await openAIError { () throws(OpenAIError) in _ = try await Self.respond(client) }
            #expect(error.reason.contains("no-such-host.invalid"))
            #expect(ServiceError(error).message.contains("no-such-host.invalid"))
        }
    }

    @Test("a gone model in each dialect is followed by the next one")
    func goneModels() async throws {
        let dialects: [(Int, String)] = [
            (410, ""), (404, #"{"error":{"message":"m","type":"NotFoundError","code":404}}"#),
            (404, #"{"error":{"message":"litellm: m","code":"404"}}"#),
            (400, #"{"error":{"message":"Invalid model name passed in model=m","code":"400"}}"#),
            (404, #"{"error":{"code":"DeploymentNotFound","message":"m"}}"#),
            (400, #"{"error":{"message":"m is not a valid model ID","code":400}}"#),
            (400, #"{"error":{"message":"m","code":"unsupported_model"}}"#),
            (404, #"{"error":{"message":"The model does not exist","type":"invalid_request_error"}}"#),
        ]
        for (status, body) in dialects {
            try await withOpenAI([.json(status, body), answered(good)]) { client in
                let answer = try await client.ask(.translation, fields: ["damages"], deadlineSeconds: 20) { _ in [] }
                #expect(answer.parameters.name == "gpt-6-luna", "\(body)")
            }
        }
    }
}
