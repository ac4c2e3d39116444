// Batches in the form of the API, their result lines, and lines out of chunks.
import Testing

@testable import Engine

private func read(_ text: String, fields: [String]? = ["damages"]) -> BatchOutput? {
    BatchOutput.read(Array(text.utf8), fields: fields)
}

private func line(_ body: String, status: Int = 200, error: String = "null") -> String {
    """
    {"id":"batch_req_1","custom_id":"v-7","response":{"status_code":\(status),"request_id":"req_9","body":\(body)},\
    "error":\(error)}
    """
}

private let usage = #""usage":{"input_tokens":11,"output_tokens":7,"total_tokens":18,"new_details":{"x":null}}"#

private func answer(_ text: String, status: String = "completed", more: String = "") -> String {
    let quoted = JSONValue.string(text).text
    return """
        {"id":"resp_1","object":"response","status":"\(status)","model":"o4-mini-2025-04-16",\
        "error":null\(more),"output":[\
        {"type":"reasoning","summary":[]},{"type":"message","role":"assistant","content":[{"type":"output_text",\
        "text":\(quoted),"annotations":[]}]}],\(usage)}
        """
}

private func failure(_ output: BatchOutput?) throws -> (curable: Bool, reason: String, image: Bool, usage: Usage?) {
    guard case .failed(let curable, let reason, let image, let usage)? = output?.outcome else {
        throw Unexpected(what: "\(String(describing: output))")
    }
    return (curable, reason, image, usage)
}

private struct Unexpected: Error { var what: String }

@Suite("OpenAI result lines", .timeLimit(.minutes(1)))
struct OpenAIResultLineTests {
    @Test("a completed answer has its fields, the snapshot's name and its cost")
    func completed() {
        let output = read(line(answer(#"{"damages":"<p>Dent</p>"}"#)))
        #expect(output?.customID == "v-7")
        let expected = ModelAnswer(
            fields: [("damages", "<p>Dent</p>")], model: "o4-mini-2025-04-16", usage: Usage(input: 11, output: 7))
        #expect(output?.outcome == .answer(expected))
        #expect(output?.error == nil)
    }

    @Test("text is joined over all parts of all messages")
    func joined() {
        let body = """
            {"status":"completed","model":"m","output":[{"type":"message","content":[\
            {"type":"output_text","text":"{\\"dama"},\
            {"type":"output_text","text":"ges\\":"}]},{"type":"reasoning"},\
            {"type":"message","content":[{"type":"output_text","text":"\\"x\\"}"}]}]}
            """
        let expected = ModelAnswer(fields: [("damages", "<p>x</p>")], model: "m", usage: .zero)
        #expect(read(line(body))?.outcome == .answer(expected))
    }

    @Test(
        "an answer outside our schema is curable and is paid for",
        arguments: [
            #"{"damages":""}"#, #"{"damages":" \n"}"#, #"{"damages":1}"#, #"{"damages":null}"#, #"{"x":"y"}"#, "{}",
            "[]", "text",
            #"{"damages":"a","more":"b"}"#, #"{"damages":"cut"#, "", #"{"damages":"<img src=x onerror=1>"}"#,
            #"{"damages":"<p></p>"}"#, #"{"damages":"<p>&nbsp;<br></p>"}"#,
        ])
    func notOurSchema(_ text: String) throws {
        let failed = try failure(read(line(answer(text))))
        #expect(failed.curable)
        #expect(failed.usage == Usage(input: 11, output: 7))
    }

    @Test("the fields have the requested order, for any order in the answer")
    func order() {
        let output = read(line(answer(#"{"ru":"б","de":"d"}"#)), fields: ["de", "ru"])
        guard case .answer(let answer)? = output?.outcome else { return #expect(Bool(false)) }
        #expect(answer.fields.map(\.0) == ["de", "ru"])
        #expect(answer["ru"] == "<p>б</p>")
    }

    @Test("C2.5: cut answers are curable, filtered ones and refusals are not")
    func incomplete() throws {
        let cut = #","incomplete_details":{"reason":"max_output_tokens"}"#
        #expect(try failure(read(line(answer("{\"dam", status: "incomplete", more: cut)))).curable)
        let filtered = #","incomplete_details":{"reason":"content_filter"}"#
        #expect(try !failure(read(line(answer("", status: "incomplete", more: filtered)))).curable)
        let refusal = """
            {"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"I cannot"}]}],\
            \(usage)}
            """
        let refused = try failure(read(line(refusal)))
        #expect(!refused.curable)
        #expect(refused.reason.contains("I cannot"))
        #expect(refused.usage == Usage(input: 11, output: 7))
        // With a small bound, reasoning uses everything: there is no message item at all.
        let eaten = #"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}"#
        #expect(try failure(read(line(eaten))).curable)
    }

    @Test(
        "a failed answer in an HTTP 200 is a failure",
        arguments: [
            ("server_error", true, false), ("rate_limit_exceeded", true, false), ("vector_store_timeout", true, false),
            ("invalid_prompt", false, false), ("failed_to_download_image", true, true),
            ("image_too_large", true, false), ("data_residency_mismatch", false, false),
        ])
    func failedAnswer(_ code: String, _ curable: Bool, _ image: Bool) throws {
        let body = #"{"status":"failed","error":{"code":"\#(code)","message":"m"},"output":[]}"#
        let failed = try failure(read(line(body)))
        #expect(failed.curable == curable)
        #expect(failed.image == image)
    }

    @Test("lines of the error file carry their failure in the response's status")
    func errorFile() throws {
        let download =
            #"{"error":{"message":"Timeout while downloading https://a/b.jpg","param":"url","code":"invalid_value"}}"#
        let image = try failure(read(line(download, status: 400)))
        #expect(image.image && image.curable)
        let bad = try failure(read(line(#"{"error":{"message":"no","code":"unknown_parameter"}}"#, status: 400)))
        #expect(!bad.curable && !bad.image)
        #expect(try failure(read(line(#"{"error":{"code":"rate_limit_exceeded"}}"#, status: 429))).curable)
        #expect(try failure(read(line("null", status: 500))).curable)
        let gone = read(line(#"{"error":{"code":"model_not_found"}}"#, status: 404))
        #expect(try failure(gone).curable)
        #expect(gone?.error?.kind == .modelNotFound)
        #expect(gone?.error?.requestID == "req_9")
    }

    @Test("lines that never ran are sent again: expired, cancelled, or unmentioned")
    func withoutResponse() throws {
        for error in [#"{"code":"batch_expired","message":"late"}"#, #"{"code":"batch_cancelled"}"#, "null"] {
            let failed = try failure(read(#"{"id":"x","custom_id":"t-1","response":null,"error":\#(error)}"#))
            #expect(failed.curable)
            #expect(failed.usage == nil)
        }
        #expect(try failure(read(#"{"custom_id":"t-1"}"#)).curable)
        #expect(try failure(read(#"{"custom_id":"t-1","response":{"body":{}}}"#)).curable)
    }

    @Test(
        "a line without a custom_id is no result",
        arguments: [
            "", "x", "{", "[]", "{}", #"{"custom_id":7}"#, #"{"custom_id":""}"#, #"{"custom_id":null,"response":{}}"#,
        ])
    func unknown(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test("no damaged result line stops the reader")
    func damaged() {
        let whole = Array(line(answer(#"{"damages":"<p>Dent</p>"}"#)).utf8)
        for length in 0..<whole.count { _ = BatchOutput.read(Array(whole.prefix(length))) }
        for index in stride(from: 0, to: whole.count, by: 3) {
            var copy = whole
            copy[index] = UInt8(truncatingIfNeeded: index &* 31)
            _ = BatchOutput.read(copy)
        }
    }

    @Test("custom ids have stage and position, in exactly one spelling")
    func customIDs() {
        #expect(BatchCustomID(.vision, 17).description == "v-17")
        #expect(BatchCustomID("t-49999") == BatchCustomID(.translation, 49_999))
        for wrong in ["", "v", "v-", "v-07", "v-+7", "v--7", "x-1", "v-1 ", "V-1", "v-99999999999999999999", "ü-1"] {
            #expect(BatchCustomID(wrong) == nil, "\(wrong)")
        }
        #expect(BatchCustomID(.vision, .max).description.utf8.count <= BatchLine.customIDCharacters)
    }
}

@Suite("OpenAI batch objects", .timeLimit(.minutes(1)))
struct OpenAIBatchObjectTests {
    private func batch(_ text: String) throws -> BatchObject? {
        BatchObject(try JSONValue.parse(Array(text.utf8)))
    }

    @Test("only the promised members of the API are required")
    func least() throws {
        let found = try #require(try batch(#"{"id":"b1","object":"batch","status":"validating","created_at":5}"#))
        #expect(found.status == .validating)
        #expect(found.outputFileID == nil && found.errorFileID == nil && found.metadata.isEmpty && found.failure == nil)
    }

    @Test("nulls and an empty error_file_id are absent; metadata and times are read")
    func lenient() throws {
        let text = """
            {"id":"b1","status":"completed","input_file_id":"f1","output_file_id":"f2",\
            "error_file_id":"","errors":null,\
            "created_at":1714508499,"metadata":{"shard":"s1","n":4},"request_counts":{"total":1},"usage":null}
            """
        let found = try #require(try batch(text))
        #expect(found.outputFileID == "f2")
        #expect(found.errorFileID == nil)
        #expect(found.inputFileID == "f1")
        #expect(found.createdAt == 1_714_508_499)
        #expect(found.metadata("shard") == "s1")
        #expect(found.metadata("n") == nil)
        #expect(try batch("{}") == nil)
        #expect(try batch("[]") == nil)
    }

    @Test("an unknown status counts as running")
    func statuses() throws {
        let ended = ["completed", "failed", "expired", "cancelled"]
        for status in ended + ["validating", "in_progress", "finalizing", "cancelling", "archiving"] {
            let found = try #require(try batch(#"{"id":"b","status":"\#(status)"}"#))
            #expect(found.status.isEnded == ended.contains(status))
        }
    }

    @Test(
        "the reason of a failed batch decides the next act",
        arguments: [
            (#"[{"code":"token_limit_exceeded","message":"full","line":null}]"#, .queueFull),
            (#"[{"code":"server_error"}]"#, .passing), ("[]", .passing),
            (#"[{"code":"model_not_found"}]"#, .modelNotFound), (#"[{"code":"insufficient_quota"}]"#, .quota),
            (
                #"[{"code":"duplicate_custom_id","message":"twice","line":3},{"code":"token_limit_exceeded"}]"#,
                .refused("OpenAI refused the batch in line 3 (duplicate_custom_id): twice")
            ),
        ] as [(String, BatchObject.Failure)])
    func failures(_ data: String, _ expected: BatchObject.Failure) throws {
        let text = #"{"id":"b","status":"failed","errors":{"object":"list","data":\#(data)}}"#
        #expect(try batch(text)?.failure == expected)
    }
}

@Suite("Lines out of chunks", .timeLimit(.minutes(1)))
struct LineSplitterTests {
    private func lines(_ text: String, chunk: Int, bound: Int = 100) -> (lines: [String], skipped: Int) {
        var splitter = LineSplitter(maxLineBytes: bound)
        var found: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            splitter.feed(Array(bytes[start..<min(start + chunk, bytes.count)]))
            while let line = splitter.next() { found.append(String(decoding: line, as: UTF8.self)) }
        }
        if let line = splitter.last() { found.append(String(decoding: line, as: UTF8.self)) }
        return (found, splitter.skipped)
    }

    @Test("the lines are independent of the split of the bytes", arguments: 1...40)
    func chunking(_ chunk: Int) {
        let found = lines("a\nbb\r\n\n\nccc é\n\r\nlast", chunk: chunk)
        #expect(found.lines == ["a", "bb", "ccc é", "last"])
        #expect(found.skipped == 0)
    }

    @Test(
        "a line over the bound is left out and counted; those around it are not", arguments: [1, 3, 7, 10, 11, 12, 64])
    func overlong(_ chunk: Int) {
        let found = lines("before\n0123456789X\nafter\n0123456789\nABCDEFGHIJKLMNOPQRSTUVWXYZ", chunk: chunk, bound: 10)
        #expect(found.lines == ["before", "after", "0123456789"])
        #expect(found.skipped == 2)
    }

    @Test("an empty input has no lines")
    func empty() {
        #expect(lines("", chunk: 1).lines.isEmpty)
        #expect(lines("\n\n", chunk: 1).lines.isEmpty)
    }
}
