// Answer files as gateways send them, and lists that do not end. The first over the wire.
import TestSupport
import Testing

@testable import Engine

@Suite("Answer files over the wire", .timeLimit(.minutes(1)))
struct AnswerFileTests {
    /// Two lines and one line, each as a gzip member.
    static let two = hex("1f8b0800000000000203ab564a54b232ace5aa564a52b232aae50200c8b2ce9f10000000")
    static let one = hex("1f8b0800000000000203ab564a56b232ae05004d9ded1e07000000")

    static func hex(_ text: String) -> [UInt8] {
        stride(from: 0, to: text.utf8.count, by: 2).compactMap { UInt8(text.dropFirst($0).prefix(2), radix: 16) }
    }

    private static func lines(_ reader: LineReader) async throws(OpenAIError) -> [String] {
        var lines: [String] = []
        while let line = try await reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }

    @Test("gzip that nobody asked for is inflated, member after member, however it is cut")
    func gzip() async throws {
        let whole = Self.two + Self.one
        for pieces in [[whole], [Array(whole[..<1]), Array(whole[1...])], whole.map { [$0] }] {
            try await withOpenAI([.bytes(pieces)]) { client in
                let found = try await Self.lines(try await client.openFile("file-1"))
                #expect(found == [#"{"a":1}"#, #"{"b":2}"#, #"{"c":3}"#])
            }
        }
        try await withOpenAI([.bytes([[0x7B]])]) { client in
            let found = try await Self.lines(try await client.openFile("file-1"))
            #expect(found == ["{"])
        }
    }

    @Test("gzip that is cut short or damaged is an error after its readable lines, never a shorter file")
    func brokenGzip() async throws {
        var damaged = Self.two
        damaged[24] ^= 0xFF
        for bytes in [Array(Self.two.dropLast(3)), damaged] {
            try await withOpenAI([.bytes([bytes])]) { client in
                let reader = try await client.openFile("file-1")
                for _ in 0..<2 {
                    let error = try await openAIError { () throws(OpenAIError) in
                        while try await reader.next() != nil {}
                    }
                    guard case .malformed = error.kind else { throw NoError() }
                }
            }
        }
    }

    @Test("a small reply that arrives as gzip is read, too; it is not inflated without bound")
    func smallReply() async throws {
        let object = Self.hex(
            "1f8b0800000000000203ab56ca4c51b2524a4a2c49ce883754d2512a2e492c292d060a65e6c51714"
                + "e5a717a516172bd50200c5d45ec227000000")
        try await withOpenAI([.bytes([object])]) { client in
            let batch = try await client.batch("batch_1")
            #expect(batch.status == .inProgress)
        }
        #expect(GzipStream.plain(Self.two, bytesMax: 16)?.count == 16)
        #expect(GzipStream.plain(Self.two, bytesMax: 15) == nil)
        #expect(GzipStream.plain([0x7B], bytesMax: 0) == [0x7B])
    }

    @Test("a redirect of a file is followed; another host gets neither the key nor an address of the inside")
    func redirects() async throws {
        let storage = try ScriptedServer([.pieces(["{}\n"])])
        defer { storage.stop() }
        let target = "http://127.0.0.1:\(storage.port)/signed?x=1"
        let script: [Reply] = [
            .json(302, "", [("Location", "/v1/elsewhere")]), .json(307, "", [("Location", target)]),
        ]
        let requests = try await withOpenAI(script) {
            $0.redirectAddresses = AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0001), prefix: 32)])
        } _: { client in
            let found = try await Self.lines(try await client.openFile("file-1"))
            #expect(found == ["{}"])
        }
        #expect(requests.map(\.target) == ["/v1/files/file-1/content", "/v1/elsewhere"])
        #expect(requests.allSatisfy { $0.header("authorization") == "Bearer sk-test-key" })
        #expect(storage.requests.map(\.target) == ["/signed?x=1"])
        let told = storage.requests.flatMap { $0.headers.map(\.name) }
        #expect(Set(told).isSubset(of: ["host", "user-agent", "accept"]), "\(told)")
        // Without the permission the inside stays closed, and the file waits.
        let inside = Reply.json(302, "", [("Location", target)])
        try await withOpenAI([inside, inside, inside]) { client in
            let error = try await openAIError { () throws(OpenAIError) in _ = try await client.openFile("file-1") }
            #expect(error.kind == .unavailable)
        }
        #expect(storage.requests.count == 1)
    }

    @Test("a redirected creation may have made a batch; another batch's object is no answer")
    func otherReplies() async throws {
        try await withOpenAI([.json(303, "", [("Location", "/login")])]) { client in
            let error = try await openAIError { () throws(OpenAIError) in
                _ = try await client.createBatch(inputFile: "file-1", metadata: [])
            }
            #expect(error.mayHaveArrived)
        }
        try await withOpenAI([.json(200, #"{"id":"batch_2","status":"failed"}"#)]) { client in
            let error = try await openAIError { () throws(OpenAIError) in _ = try await client.batch("batch_1") }
            guard case .malformed = error.kind else { throw NoError() }
        }
    }

    @Test("a batch's counts are read where they say something; ids that no row can keep are not")
    func objects() throws {
        func batch(_ more: String, id: String = "b") throws -> BatchObject? {
            BatchObject(try JSONValue.parse(Array(#"{"id":"\#(id)","status":"completed"\#(more)}"#.utf8)))
        }
        let counts = try batch(#","request_counts":{"total":3,"completed":2,"failed":1}"#)?.counts
        #expect(counts == LineCounts(completed: 2, failed: 1))
        for nothing in ["", #","request_counts":null"#, #","request_counts":{"total":3,"completed":0,"failed":0}"#] {
            #expect(try batch(nothing)?.counts == nil)
        }
        #expect(try batch("", id: #"a\u0000b"#)?.hasUsableID == false)
        #expect(try batch(#","output_file_id":"a\u0000b""#)?.outputFileID == nil)
    }
}

@Suite("The way through a provider's list")
struct ListWalkTests {
    private static func page(_ ids: Range<Int>, _ time: (Int) -> Int = { $0 }) -> [(id: String, createdAt: Int)] {
        ids.map { ("b\($0)", time($0)) }
    }

    private static let since = Timestamp(seconds: 1_000_000)

    @Test("a list that ignores `after`, and one without an end, end the walk")
    func endless() throws {
        var walk = ListWalk()
        let first = try walk.goesOn(after: Self.page(0..<100))
        let second = try walk.goesOn(after: Self.page(0..<100))
        #expect(first && !second)
        var long = ListWalk(since: Self.since)
        for page in 0..<(ListWalk.pagesMax - 1) {
            let goesOn = try long.goesOn(after: Self.page((page * 2)..<(page * 2 + 2)) { _ in 0 })
            #expect(goesOn)
        }
        #expect(throws: OpenAIError.self) { _ = try long.goesOn(after: Self.page(9000..<9002)) }
    }

    @Test("only a list that goes from new to old, and is hours past the sought time, ends early")
    func order() throws {
        let old = Int(Self.since.seconds) - ListWalk.marginSeconds
        func goesOn(_ times: [Int]) throws -> Bool {
            var walk = ListWalk(since: Self.since)
            return try walk.goesOn(after: times.enumerated().map { ("b\($0.offset)", $0.element) })
        }
        #expect(try !goesOn([old - 1, old - 2]))
        // A host clock that is hours off; the oldest first; any order; times that are equal or missing.
        #expect(try goesOn([old + 3600, old - 2]))
        #expect(try goesOn([old - 9, old - 2]) && goesOn([old - 2, old - 9, old - 3]))
        #expect(try goesOn([old - 2, old - 2]) && goesOn([0, 0]) && goesOn([old - 1, 0]))
    }
}
