// Heads from bytes: accepted and refused ones. No socket.
import Engine
import Testing

@testable import Server

/// Collects and parses a head in pieces of `size` bytes.
func parseHead(_ text: String, pieces size: Int = .max, limit: Int = Limits.headBytes) throws(RequestProblem)
    -> RequestHead?
{
    var collector = HeadCollector(limit: limit)
    let bytes = [UInt8](text.utf8)
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, start + min(size, bytes.count))
        var consumed = 0
        if try collector.feed(bytes.span.extracting(start..<end), consumed: &consumed) == .complete {
            return try RequestHead(collector.bytes, parser: LLHTTPParser())
        }
        start = end
    }
    return nil
}

@Suite("Request heads", .timeLimit(.minutes(1)))
struct RequestHeadTests {
    @Test("a head reads the same in pieces of any size", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) throws {
        let text =
            "\r\nPOST /a/b?x=1&y HTTP/1.1\r\nHost: example.org:80\r\nx-note:  two words \r\nEmpty:\r\n"
            + "Content-Length: 12\r\nX-Note: again\r\nConnection: close\r\n\r\n"
        let head = try #require(try parseHead(text, pieces: size))
        #expect(head.method == "POST")
        #expect(head.isMethod("POST") && !head.isMethod("POS"))
        #expect(head.target == "/a/b?x=1&y")
        #expect(head.path == "/a/b")
        #expect(head.query == "x=1&y")
        #expect(head.version == "HTTP/1.1")
        #expect(head.header("X-NOTE") == "two words")
        #expect(head.headers("X-Note") == ["two words", "again"])
        #expect(head.header("Empty") == "")
        #expect(head.header("None") == nil)
        #expect(head.headers.map { $0.name } == ["Host", "x-note", "Empty", "Content-Length", "X-Note", "Connection"])
        #expect(head.bodyFraming == .length(12))
        #expect(!head.keepAlive && !head.expectsContinue)
    }

    @Test("versions, bodies and connections are distinguished")
    func facts() throws {
        let old = try #require(try parseHead("GET / HTTP/1.0\r\n\r\n"))
        #expect(old.minorVersion == 0 && !old.keepAlive && old.bodyFraming == .none && old.query == nil)
        #expect(try parseHead("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")?.keepAlive == true)
        #expect(try parseHead("GET / HTTP/1.1\r\nHost: a\r\n\r\n")?.keepAlive == true)
        let chunked = try parseHead(
            "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n\r\n")
        #expect(chunked?.bodyFraming == .chunked && chunked?.expectsContinue == true)
        #expect(
            try parseHead("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")?.bodyFraming == BodyFraming.none)
        let upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
        #expect(try parseHead(upgrade)?.path == "/")
    }

    @Test("targets: origin form, absolute form, and * for OPTIONS")
    func targets() throws {
        let absolute = try parseHead("GET http://example.org:8080/p/q?r HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(absolute?.target == "http://example.org:8080/p/q?r")
        #expect(absolute?.path == "/p/q" && absolute?.query == "r")
        #expect(try parseHead("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")?.path == "*")
        #expect(try parseHead("GET //x/../y?a?b HTTP/1.1\r\nHost: a\r\n\r\n")?.query == "a?b")
    }

    @Test(
        "C4.2: a method unknown to llhttp is accepted",
        arguments: ["BREW", "QUERY", "get", "G", "GETX", "P'O|ST", "DESCRIBE", String(repeating: "B", count: 32)])
    func foreignMethods(method: String) throws {
        let text = method + " /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX: 1\r\n\r\n"
        let head = try #require(try parseHead(text, pieces: 5))
        #expect(head.method == method && head.path == "/x" && head.query == "y")
        #expect(head.header("host") == "a" && head.headers.count == 3)
        #expect(head.bodyFraming == .length(3) && head.keepAlive)
    }

    static let malformed: [String] = [
        // Request lines
        "\u{16}\u{3}\u{1}\r\n\r\n", "GET\r\n\r\n", "GET /\r\nHost: a\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        "GET / HTTP/0.9\r\n\r\n", "GET / http/1.1\r\nHost: a\r\n\r\n",
        "BR(EW / HTTP/1.1\r\nHost: a\r\n\r\n", "BREW\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "BREW  / HTTP/1.1\r\nHost: a\r\n\r\n", "BREW / HTTP/2.0\r\nHost: a\r\n\r\n",
        "BREW / HTTP/1.1\r\nHost : a\r\n\r\n", "BREW / ICE/1.0\r\nHost: a\r\n\r\n",
        "\(String(repeating: "B", count: 33)) / HTTP/1.1\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        // Targets
        "GET x HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\u{7F} HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /é HTTP/1.1\r\nHost: a\r\n\r\n", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://u@h/x HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://h HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET ftp://h/x HTTP/1.1\r\nHost: a\r\n\r\n",
        // Line ends and folding
        "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        // Fields
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX(y): x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{1B}b\r\n\r\n",
        // Host
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        // Framing
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x10\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n",
    ]

    @Test("malformed heads are refused, whole and byte by byte", arguments: malformed)
    func refused(text: String) {
        for size in [Int.max, 1] {
            do throws(RequestProblem) {
                let head = try parseHead(text, pieces: size)
                Issue.record("taken for \(String(describing: head?.method)): \(text.debugDescription)")
            } catch {
                guard case .malformed(let reason) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(!reason.isEmpty)
            }
        }
    }

    @Test("C3: a head of exactly the limit passes, one byte more does not")
    func limit() throws {
        let frame = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n"
        let filled =
            "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: Limits.headBytes - frame.utf8.count)
        #expect(try parseHead(filled + "\r\n\r\n") != nil)
        #expect(throws: RequestProblem.tooLarge) { try parseHead(filled + "x\r\n\r\n") }
        #expect(throws: RequestProblem.tooLarge) { try parseHead(String(repeating: "\r\n", count: Limits.headBytes)) }
    }

    @Test("C4.1: only a valid request id is adopted")
    func requestIDs() {
        func taken(_ text: String) -> String? { RequestID(sane: ArraySlice(text.utf8))?.text }
        #expect(taken("A-b_c.9") == "A-b_c.9")
        #expect(taken(String(repeating: "x", count: 128)) != nil)
        for text in ["", String(repeating: "x", count: 129), "a b", "a\"b", "<x>", "é", "a;b"] {
            #expect(taken(text) == nil)
        }
        var ids = RequestIDs()
        let made = Set((0..<1000).map { _ in ids.next().text })
        #expect(made.count == 1000)
        #expect(made.allSatisfy { RequestID(sane: ArraySlice($0.utf8)) != nil })
    }

    @Test("the Date field has HTTP's form")
    func date() {
        #expect(
            DateLine.make(secondsSinceEpoch: 784_111_777) == [UInt8]("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n".utf8))
        #expect(
            DateLine.make(secondsSinceEpoch: 1_709_164_799) == [UInt8]("Date: Wed, 28 Feb 2024 23:59:59 GMT\r\n".utf8))
    }

    @Test(
        "bind addresses",
        arguments: [("0.0.0.0:5000", "0.0.0.0", 5000), ("[::1]:80", "[::1]", 80), ("localhost:0", "localhost", 0)])
    func bindAddress(text: String, host: String, port: Int) {
        #expect(BindAddress(text) == BindAddress(host: host, port: port))
        for bad in ["5000", "host.name:80", "1.2.3.4:x", "1.2.3.4:70000", ""] { #expect(BindAddress(bad) == nil) }
    }
}
