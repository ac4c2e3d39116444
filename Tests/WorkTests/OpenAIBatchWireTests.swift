// Files and batches on the wire: exact uploads, batches that are never started twice, result files in pieces.
import TestSupport
import Testing

@testable import Engine

private let batch = #"{"id":"batch_1","object":"batch","status":"validating","input_file_id":"file-1","created_at":7}"#

/// A source of the given chunks, pulled on the loop.
private final class Chunks: ByteSource {
    private var chunks: [[UInt8]]
    init(_ chunks: [String]) { self.chunks = chunks.map { Array($0.utf8) } }
    func next() async throws -> [UInt8]? { chunks.isEmpty ? nil : chunks.removeFirst() }
}

@Suite("OpenAI batches over the wire", .timeLimit(.minutes(1)))
struct OpenAIBatchWireTests {
    @Test("a lost reply to createBatch is reported as such, without a second request", arguments: [0, 1, 2])
    func lostReply(_ kind: Int) async throws {
        let lost: [Reply] = [.hangUp, .json(502, "<html>"), .json(200, "{")]
        let requests = try await withOpenAI([lost[kind], .json(200, batch)]) { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.createBatch(inputFile: "file-1", metadata: [("shard", "s")])
            }
            #expect(error.mayHaveArrived)
        }
        #expect(requests.count == 1)
    }

    @Test("a refused createBatch has certainly made no batch", arguments: [400, 401, 404, 429])
    func refused(_ status: Int) async throws {
        let requests = try await withOpenAI([.json(status, "{}", [("retry-after", "0.01")])]) { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.createBatch(inputFile: "file-1", metadata: [])
            }
            #expect(!error.mayHaveArrived)
        }
        #expect(requests.count == 1)
    }

    @Test("createBatch names endpoint, window, file and metadata")
    func create() async throws {
        let requests = try await withOpenAI([.json(200, batch)]) { client in
            let made = try await client.createBatch(inputFile: "file-1", metadata: [("job", "j"), ("shard", "s")])
            #expect(made.id == "batch_1")
            #expect(made.status == .validating)
        }
        let expected =
            #"{"input_file_id":"file-1","endpoint":"/v1/responses","completion_window":"24h","#
            + #""metadata":{"job":"j","shard":"s"}}"#
        #expect(requests.first?.text == expected)
        #expect(requests.first?.target == "/v1/batches")
    }

    @Test("lists are paged by the last id, and an empty page ends them")
    func list() async throws {
        let pages: [Reply] = [
            .json(200, #"{"object":"list","data":[\#(batch),{"odd":1}],"last_id":"batch_1","has_more":true}"#),
            .json(503, ""),
            .json(200, #"{"object":"list","data":[],"last_id":null,"has_more":true}"#),
        ]
        let requests = try await withOpenAI(pages) { client in
            let first = try await client.listBatches(limit: 2)
            #expect(first.batches.map(\.id) == ["batch_1"])
            let second = try await client.listBatches(after: first.next, limit: 2)
            #expect(second.batches.isEmpty && second.next == nil)
        }
        #expect(
            requests.map(\.target) == [
                "/v1/batches?limit=2", "/v1/batches?limit=2&after=batch_1", "/v1/batches?limit=2&after=batch_1",
            ])
    }

    @Test("cancelling an ended batch returns the batch", arguments: [400, 409])
    func cancelEnded(_ status: Int) async throws {
        let ended = #"{"id":"batch_1","status":"completed","input_file_id":"f"}"#
        let requests = try await withOpenAI([.json(status, "{}"), .json(200, ended)]) { client in
            let batch = try await client.cancelBatch("batch_1")
            #expect(batch.status == .completed)
        }
        #expect(requests.map(\.target) == ["/v1/batches/batch_1/cancel", "/v1/batches/batch_1"])
        #expect(requests.map(\.method) == ["POST", "GET"])
    }

    @Test("an id from outside cannot become another path")
    func paths() async throws {
        let requests = try await withOpenAI([.json(200, batch)]) { client in
            // The reply is about another batch.
            _ = try? await client.batch("../files?x=1#é")
        }
        #expect(requests.first?.target == "/v1/batches/%2e%2e%2ffiles%3fx%3d1%23%c3%a9")
    }

    @Test("deleting a missing file succeeds")
    func delete() async throws {
        let requests = try await withOpenAI([.hangUp, .json(404, "{}")]) { client in
            try await client.deleteFile("file-1")
        }
        #expect(requests.map(\.method) == ["DELETE", "DELETE"])
    }

    @Test("an upload has exactly the announced form")
    func upload() async throws {
        let requests = try await withOpenAI([.json(200, #"{"id":"file-9","object":"file","bytes":9}"#)]) { client in
            let source = Chunks(["{}\n", "", "{\"a\"", ":1}\n"])
            let id = try await client.uploadBatchFile(name: "shard-1", length: 11, source: source)
            #expect(id == "file-9")
        }
        let request = try #require(requests.first)
        let boundary = MultipartFile.boundary
        let expected = """
            --\(boundary)\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n\
            --\(boundary)\r\nContent-Disposition: form-data; name="expires_after[anchor]"\r\n\r\ncreated_at\r\n\
            --\(boundary)\r\nContent-Disposition: form-data; name="expires_after[seconds]"\r\n\r\n604800\r\n\
            --\(boundary)\r\nContent-Disposition: form-data; name="file"; filename="shard-1.jsonl"\r\n\
            Content-Type: application/jsonl\r\n\r\n{}\n{"a":1}\n\r\n--\(boundary)--\r\n
            """
        #expect(request.text == expected)
        #expect(request.header("content-length") == "\(expected.utf8.count)")
        #expect(request.header("content-type") == "multipart/form-data; boundary=\(boundary)")
    }

    @Test("a server that refuses the lives of files gets its requests without, at once and from then on")
    func refusedLives() async throws {
        let file = Reply.json(200, #"{"id":"file-9","object":"file","bytes":3}"#)
        let made = Reply.json(200, batch)
        let script = [
            failed(400, "unknown_parameter", param: "expires_after[anchor]"), file, file,
            .json(422, #"{"error":{"message":"Extra inputs are not permitted: output_expires_after","code":422}}"#),
            made, made,
        ]
        let requests = try await withOpenAI(script) {
            $0.outputFileDays = 3
        } _: { client in
            for _ in 0..<2 {
                _ = try await client.uploadBatchFile(name: "s", length: 3, source: Chunks(["{}\n"]))
            }
            for _ in 0..<2 { _ = try await client.createBatch(inputFile: "file-9", metadata: []) }
        }
        let texts = requests.map(\.text)
        #expect(texts.map { $0.contains("expires_after") } == [true, false, false, true, false, false])
        #expect(texts[3].contains(#""output_expires_after":{"anchor":"created_at","seconds":259200}"#))
        #expect(texts[1].hasSuffix("{}\n\r\n--\(MultipartFile.boundary)--\r\n"))
    }

    @Test("another refusal of a creation is not tried again")
    func refusedCreation() async throws {
        let refusal = failed(400, "invalid_request", param: "input_file_id")
        let requests = try await withOpenAI([refusal, .json(200, batch)]) {
            $0.outputFileDays = 3
        } _: { client in
            _ = try await openAIError { () throws(OpenAIError) in
                _ = try await client.createBatch(inputFile: "file-9", metadata: [])
            }
        }
        #expect(requests.count == 1)
    }

    @Test("a source with another length than announced uploads nothing", arguments: [["12345"], ["123456", "7"]])
    func wrongLength(_ chunks: [String]) async throws {
        let requests = try await withOpenAI([.json(200, #"{"id":"file-9"}"#)]) { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.uploadBatchFile(name: "x", length: 6, source: Chunks(chunks))
            }
            #expect(error.kind == .sourceFailed)
        }
        #expect(requests.isEmpty)
    }

    @Test("a name cannot break out of its header")
    func fileName() {
        let frame = MultipartFile(name: "a\"\r\nX: y/../é")
        #expect(String(decoding: frame.preamble, as: UTF8.self).contains(#"filename="aXy...jsonl""#))
    }

    @Test("files are listed by purpose")
    func listFiles() async throws {
        let page = """
            {"data":[{"id":"file-1","filename":"s.jsonl","bytes":5,"created_at":9,"purpose":"batch"}],\
            "has_more":false}
            """
        let requests = try await withOpenAI([.json(200, page)]) { client in
            let files = try await client.listFiles(after: "file-0")
            #expect(files.files.map(\.name) == ["s.jsonl"])
            #expect(files.next == nil)
        }
        #expect(requests.first?.target == "/v1/files?purpose=batch&limit=1000&after=file-0")
    }

    @Test("a result file is read line by line; its opening is retried")
    func openFile() async throws {
        let requests = try await withOpenAI([
            .json(500, ""), .pieces(["{\"a\":", "1}\n{\"b\"", ":2}\n\n", "{\"c\":3}"]),
        ]) {
            client in
            let reader = try await client.openFile("file-1")
            var lines: [String] = []
            while let line = try await reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
            #expect(lines == [#"{"a":1}"#, #"{"b":2}"#, #"{"c":3}"#])
            let after = try await reader.next()
            #expect(after == nil)
            #expect(reader.skippedLines == 0)
        }
        #expect(requests.map(\.target) == ["/v1/files/file-1/content", "/v1/files/file-1/content"])
    }

    @Test("a truncated result file is an error, never a shorter file")
    func cutShort() async throws {
        // More than the read-ahead, so that the break happens during the reading of lines and not during the opening.
        let lines = String(repeating: "{\"a\":1}\n", count: 300_000)
        try await withOpenAI([.cutShort(lines)]) { client in
            let reader = try await client.openFile("file-1")
            for _ in 0..<2 {
                let error = try await openAIError { () throws(OpenAIError) in
                    while try await reader.next() != nil {}
                }
                #expect(error.kind == .unavailable)
            }
        }
    }

    @Test("a missing file is reported; an abandoned download is closed")
    func notThere() async throws {
        try await withOpenAI([failed(404, "not_found"), .pieces(["{}\n{}\n"])]) { client in
            let error = try await openAIError { () throws(OpenAIError) in _ = try await client.openFile("file-1") }
            #expect(error.kind == .api(status: 404, code: "not_found", message: "m"))
            let reader = try await client.openFile("file-1")
            _ = try await reader.next()
            reader.cancel()
        }
    }
}
