// Replies on the wire.
import Engine
import Server
import TestSupport
import Testing

/// Sends `text` on a new connection and returns everything up to the server's end.
func everything(_ listener: HTTPListener, _ loop: Loop, _ text: String) async throws -> String {
    let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
    defer { client.close() }
    client.send(text)
    return String(decoding: try await client.readToEnd(), as: UTF8.self)
}

@Suite("Replies", .timeLimit(.minutes(1)))
struct ReplyTests {
    @Test("a thousand pipelined requests are answered in order")
    func pipelining() async throws {
        try await serving(.init(), echoLine) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send((0..<1000).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for number in 0..<1000 { #expect(try await client.reply().text == "GET /\(number)") }
            client.close()
        }
    }

    @Test("pipelined requests are handled one at a time, even with a slow handler")
    func pipeliningSlowly() async throws {
        try await serving(
            .init(),
            { exchange in
                exchange.loop.spawn {
                    try? await exchange.loop.sleep(seconds: 0.001)
                    echoLine(exchange)
                }
            }
        ) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            let filler = String(repeating: "x", count: 4000)
            client.send(
                (0..<100).map { "POST /\($0) HTTP/1.1\r\nHost: a\r\nX: \(filler)\r\nContent-Length: 3\r\n\r\nabc" }
                    .joined())
            for number in 0..<100 { #expect(try await client.reply().text == "POST /\(number)") }
            client.close()
        }
    }

    @Test("C4.1: every reply has Date and X-Request-ID, the caller's if it is valid")
    func ids() async throws {
        try await serving(
            .init(),
            { exchange in
                exchange.respond(Reply(status: 200, body: [UInt8](exchange.requestID.utf8)))
            }
        ) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("GET / HTTP/1.1\r\nHost: a\r\nx-request-id: my-id.1\r\n\r\n")
            var reply = try await client.reply()
            #expect(reply.header("X-Request-ID") == "my-id.1" && reply.text == "my-id.1")
            #expect(reply.header("Date")?.hasSuffix(" GMT") == true)
            client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: my id\r\n\r\n")
            reply = try await client.reply()
            #expect(reply.header("X-Request-ID") == reply.text)
            #expect(reply.text.count == 32)
            client.send("nonsense\r\n\r\n")
            #expect(try await client.reply().header("X-Request-ID")?.count == 32)
            client.close()
        }
    }

    @Test("HEAD, 204 and 304 have no body, and the next reply follows directly")
    func bodyless() async throws {
        try await serving(
            .init(),
            { exchange in
                switch exchange.head.path {
                case "/204": exchange.respond(Reply(status: 204, body: [1, 2, 3]))
                case "/304": exchange.respond(Reply(status: 304, body: []))
                case "/stream":
                    exchange.beginReply(status: 200, headers: [], length: nil)
                    exchange.loop.spawn {
                        try? await exchange.write([1, 2, 3])
                        exchange.finishReply()
                    }
                case _: echoLine(exchange)
                }
            }
        ) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.reply(toHead: true).header("Content-Length") == "9")
            client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.reply(toHead: true).header("Content-Length") == nil)
            for path in ["/204", "/304"] {
                client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await client.reply().header("Content-Length") == nil)
            }
            client.send("GET /end HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.reply().text == "GET /end")
            client.close()
        }
    }

    @Test("HTTP/1.0: closes without keep-alive, and streams until the end instead of in chunks")
    func oldClients() async throws {
        try await serving(
            .init(),
            { exchange in
                guard exchange.head.path == "/stream" else { return echoLine(exchange) }
                exchange.beginReply(status: 200, headers: [], length: nil)
                exchange.loop.spawn {
                    for _ in 0..<3 { try? await exchange.write([UInt8]("part ".utf8)) }
                    exchange.finishReply()
                }
            }
        ) { listener, loop in
            var text = try await everything(listener, loop, "GET /x HTTP/1.0\r\n\r\n")
            #expect(text.contains("Connection: close\r\n") && text.hasSuffix("\r\n\r\nGET /x"))
            text = try await everything(listener, loop, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(!text.contains("Transfer-Encoding") && text.hasSuffix("\r\n\r\npart part part "))
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            for _ in 0..<3 {
                client.send("GET /y HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(try await client.reply().header("Connection") == "keep-alive")
            }
            client.close()
        }
    }

    @Test("Connection: close is obeyed and repeated in the reply")
    func closing() async throws {
        try await serving(.init(), echoLine) { listener, loop in
            let text = try await everything(
                listener, loop,
                "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(text.contains("Connection: close\r\n") && text.hasSuffix("GET /1"))
        }
    }

    @Test("fields that would split the reply, or that the server sets itself, are left out")
    func hostileFields() async throws {
        try await serving(
            .init(),
            { exchange in
                exchange.replyHeaders = [("RateLimit-Limit", "10")]
                exchange.respond(
                    Reply(
                        status: 200,
                        headers: [
                            ("X-A", "1\r\nX-Evil: 1"), ("X-B\r\nX-Evil", "1"), ("X Evil", "1"),
                            ("content-length", "99"),
                            ("Connection", "close"), ("X-Good", "ü"),
                        ], body: [UInt8]("ok".utf8)))
            }
        ) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let reply = try await client.reply()
            #expect(reply.text == "ok" && !reply.head.contains("Evil"))
            #expect(reply.header("X-Good") == "ü" && reply.header("RateLimit-Limit") == "10")
            #expect(reply.header("Connection") == nil)
            client.close()
        }
    }

    @Test("streamed replies: in chunks without a length, plain with one")
    func streaming() async throws {
        try await serving(
            .init(),
            { exchange in
                let length = exchange.head.path == "/length" ? 300_000 : nil
                exchange.beginReply(status: 200, headers: [("Content-Type", "text/plain")], length: length)
                exchange.loop.spawn {
                    for number in 0..<300 {
                        try? await exchange.write([UInt8](repeating: UInt8(number % 256), count: 1000))
                    }
                    exchange.finishReply()
                }
            }
        ) { listener, loop in
            let expected = (0..<300).flatMap { [UInt8](repeating: UInt8($0 % 256), count: 1000) }
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            for path in ["/chunks", "/length"] {
                client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await client.reply().body == expected)
            }
            client.close()
        }
    }

    @Test("a reply shorter or longer than announced resets the connection", arguments: [1, 20])
    func wrongLength(written: Int) async throws {
        try await serving(
            .init(),
            { exchange in
                exchange.beginReply(status: 200, headers: [], length: 10)
                exchange.loop.spawn {
                    try? await exchange.write([UInt8](repeating: 65, count: written))
                    exchange.finishReply()
                }
            }
        ) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.wait { client.hasEnded }
            #expect(client.received.count { $0 == 65 } < 10)
            client.close()
        }
    }

    @Test("C4.1: an exchange that its handler drops gets 500")
    func forgotten() async throws {
        try await serving(
            .init(),
            { exchange in
                if exchange.head.path == "/later" { exchange.loop.spawn { await exchange.loop.yield() } }
            }
        ) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            for path in ["/now", "/later"] {
                client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                let reply = try await client.reply()
                #expect(reply.status == 500 && reply.text.contains("INTERNAL_ERROR"))
            }
            client.close()
        }
    }

    @Test("C4.1: errors have the contract's members, Retry-After and extras")
    func errorForm() {
        let error = ServiceError(
            .rateLimitExceeded, "slow down", details: ["limit": 10], extra: [("status", "processing")], retryAfter: 7)
        let reply = ErrorReply.make(error, requestID: "r1")
        #expect(reply.status == 429)
        #expect(reply.headers.contains { $0 == ("Retry-After", "7") })
        #expect(reply.headers.contains { $0 == ("Content-Type", "application/json") })
        let text = String(decoding: reply.body, as: UTF8.self)
        #expect(
            text
                == #"{"error":"Too many requests","message":"slow down","code":"RATE_LIMIT_EXCEEDED","#
                + #""request_id":"r1","details":{"limit":10},"retry_after":7,"status":"processing"}"#)
    }
}
