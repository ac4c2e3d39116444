// Exchanges on the wire, and reuse of connections. Against raw sockets.
import Engine
import Foundation
import Testing

@Suite("Outgoing exchanges", .timeLimit(.minutes(1)))
struct HTTPClientTests {
    @Test("an answer has its status, headers, body and address")
    func simple() async throws {
        let server = TinyServer.answering { request in
            plain("hello \(request.path)", "X-Thing: a: b \r\nx-thing: second\r\n")
        }
        try await withClient { _, client in
            let answer = try await client.send(OutboundRequest(url: server.url + "/a?b=c#d"))
            #expect(answer.status == 200)
            #expect(String(decoding: answer.body, as: UTF8.self) == "hello /a?b=c")
            #expect(answer.header("X-THING") == "a: b")
            #expect(answer.headers.map(\.value).suffix(2) == ["a: b", "second"])
            #expect(answer.address == "127.0.0.1")
        }
    }

    @Test("a request has exactly the given fields and the expected defaults")
    func requestForm() async throws {
        let server = TinyServer.answering { request in
            plain(request.head + "|" + String(decoding: request.body, as: UTF8.self))
        }
        try await withClient { _, client in
            var request = OutboundRequest(
                method: "POST", url: server.url + "/x", headers: [("X-A", "b"), ("X-Empty", "")])
            request.body = .bytes(Array(repeating: UInt8(ascii: "z"), count: 3000))
            let text = String(decoding: try await client.send(request).body, as: UTF8.self)
            #expect(text.hasPrefix("POST /x HTTP/1.1\r\n"))
            #expect(text.contains("\r\nX-A: b\r\nX-Empty:"))
            #expect(text.contains("\r\nContent-Length: 3000"))
            #expect(text.contains("User-Agent: generation-service/2.0.0\r\n"))
            for surprise in ["Expect", "Content-Type", "Transfer-Encoding", "Cookie", "Accept-Encoding"] {
                #expect(!text.contains(surprise + ":"), "\(surprise)")
            }
            #expect(text.hasSuffix("|" + String(repeating: "z", count: 3000)))
        }
    }

    @Test("every method is sent by its name", arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
    func methods(method: String) async throws {
        let server = TinyServer.answering {
            plain("\($0.line)|\($0.body.count)|\($0.header("content-length") ?? "none")")
        }
        try await withClient { _, client in
            let bare = try await client.send(OutboundRequest(method: method, url: server.url + "/"))
            let length = method == "POST" ? "0" : "none"
            #expect(String(decoding: bare.body, as: UTF8.self) == "\(method) / HTTP/1.1|0|\(length)")
            let full = try await client.send(
                OutboundRequest(method: method, url: server.url + "/", body: .bytes([1, 2, 3])))
            #expect(String(decoding: full.body, as: UTF8.self) == "\(method) / HTTP/1.1|3|3")
        }
    }

    @Test("HEAD ends with the head")
    func head() async throws {
        let server = TinyServer.answering { _ in "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" }
        try await withClient { _, client in
            let answer = try await client.send(OutboundRequest(method: "HEAD", url: server.url))
            #expect(answer.header("content-length") == "5000")
            #expect(answer.body.isEmpty)
        }
    }

    @Test("an error status is an answer, an interim status is not")
    func statuses() async throws {
        let server = TinyServer.answering { _ in
            "HTTP/1.1 102 Processing\r\nX-Early: 1\r\n\r\n"
                + plain("no", status: "503 Service Unavailable", "Retry-After: 3\r\n")
        }
        try await withClient { _, client in
            let answer = try await client.send(OutboundRequest(url: server.url))
            #expect(answer.status == 503)
            #expect(answer.header("retry-after") == "3")
            #expect(answer.header("x-early") == nil)
        }
    }

    @Test("a connection is kept and reused")
    func keepAlive() async throws {
        let server = TinyServer.answering { plain($0.path) }
        try await withClient { _, client in
            for number in 0..<20 {
                let text = try await client.text(server.url + "/\(number)")
                #expect(text == "/\(number)")
            }
        }
        #expect(server.connections == 1)
    }

    @Test("connections opened under a policy and without one are not shared")
    func separatePools() async throws {
        let server = TinyServer.answering { _ in plain("x") }
        try await withClient { _, client in
            var request = OutboundRequest(url: server.url)
            _ = try await client.send(request)
            request.addresses = AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0000), prefix: 8)])
            _ = try await client.send(request)
            _ = try await client.send(request)
            request.addresses = AddressPolicy()
            #expect(await client.failure(request)?.kind == .forbiddenAddress)
        }
        #expect(server.connections == 2)
    }

    @Test("a dead kept connection is replaced; a request that must not be repeated gets a new one")
    func staleConnection() async throws {
        // Every connection answers one request, reads a second one and closes.
        let server = TinyServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write(plain("once"))
            _ = connection.readRequest()
        }
        try await withClient { _, client in
            #expect(try await client.text(server.url) == "once")
            #expect(try await client.text(server.url) == "once")
            #expect(server.connections == 2)
            var request = OutboundRequest(method: "POST", url: server.url, body: .bytes([1]))
            request.neverRepeat = true
            _ = try await client.send(request)
            #expect(server.connections == 3)
        }
    }

    @Test("a chunked and compressed answer is decoded on request")
    func compressed() async throws {
        // "hello hello hello" in gzip.
        let gzip = try #require(Data(base64Encoded: "H4sIAAAAAAACA8tIzcnJV8hAkACAiPnlEQAAAA=="))
        let server = TinyServer { connection in
            guard let request = connection.readRequest() else { return }
            guard request.header("accept-encoding") != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
            for byte in gzip { connection.write([UInt8(ascii: "1"), 13, 10, byte, 13, 10]) }
            connection.write("0\r\n\r\n")
            connection.waitForClose()
        }
        try await withClient { _, client in
            var request = OutboundRequest(url: server.url)
            request.acceptCompressed = true
            let answer = try await client.send(request)
            #expect(String(decoding: answer.body, as: UTF8.self) == "hello hello hello")
        }
    }

    @Test("an invalid request is refused before anything is sent")
    func invalid() async throws {
        try await withClient { _, client in
            for url in [
                "", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://u:secret@127.0.0.1/",
                "http://127.0.0.1/a b",
            ] {
                let error = await client.failure(OutboundRequest(url: url))
                #expect(error?.kind == .invalidURL, "\(url)")
                #expect(error?.mayHaveArrived == false)
                #expect(error?.message.contains("secret") == false)
            }
            let header = OutboundRequest(url: "http://127.0.0.1:1/", headers: [("X-A", "b\r\nX-Evil: 1")])
            #expect(await client.failure(header)?.kind == .invalidURL)
        }
    }

    @Test("a closed client refuses requests and ends the running ones")
    func closing() async throws {
        let server = TinyServer { $0.waitForClose() }
        try await withClient { loop, client in
            var kinds: [OutboundError.Kind?] = []
            let tasks = (0..<5).map { _ in
                loop.spawn {
                    kinds.append(await client.failure(OutboundRequest(url: server.url))?.kind)
                }
            }
            await client.close()
            for task in tasks { await task.value }
            #expect(kinds == Array(repeating: .cancelled, count: 5))
            #expect(await client.failure(OutboundRequest(url: server.url))?.kind == .cancelled)
            #expect(client.exchangeCount == 0)
        }
    }
}
