// The ends of connections: clients that disconnect or are slow, bounds, drain.
import Engine
import TestSupport
import Testing

@testable import Server

/// Loop-bound notes of a handler's calls.
private final class Notes {
    var exchanges: [Exchange] = []
    var closed = 0
    var failures: [BodyFailure] = []
    var thrown = 0
}

@Suite("Ends of connections", .timeLimit(.minutes(1)))
struct EndingTests {
    /// Serves with a handler that may write notes; both live on the loop.
    private func noting(
        _ configuration: HTTPServerConfiguration = .init(),
        _ handler: @escaping @Sendable (Exchange, Notes) -> Void,
        _ body: @escaping @Sendable (HTTPListener, Loop, Notes) async throws -> Void
    ) async throws {
        try await onLoop { loop in
            let notes = Notes()
            let listener = try HTTPListener(
                on: loop, address: BindAddress(host: "127.0.0.1", port: 0), configuration: configuration,
                handler: ClosureHandler { handler($0, notes) })
            try await body(listener, loop, notes)
            await listener.close()
            notes.exchanges = []
            #expect(listener.connectionCount == 0)
        }
    }

    @Test("C2.6: a handler is notified at once that its client disconnected", arguments: [true, false])
    func vanishes(reset: Bool) async throws {
        try await noting(
            .init(),
            { exchange, notes in
                notes.exchanges.append(exchange)
                exchange.whenClosed = { notes.closed += 1 }
            }
        ) { listener, loop, notes in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            while notes.exchanges.isEmpty { await loop.yield() }
            #expect(notes.exchanges[0].isOpen)
            if reset { client.stream.reset() } else { client.close() }
            while notes.closed == 0 { await loop.yield() }
            #expect(!notes.exchanges[0].isOpen)
            #expect(listener.connectionCount == 0)
            notes.exchanges[0].respond(Reply(status: 200, body: []))  // harmless
            #expect(notes.closed == 1)
        }
    }

    @Test("a client that disconnects within its body fails the body and closes the exchange")
    func vanishesInBody() async throws {
        try await noting(
            .init(),
            { exchange, notes in
                exchange.whenClosed = { notes.closed += 1 }
                exchange.loop.spawn {
                    do throws(BodyFailure) { _ = try await exchange.collectBody(limit: 100) } catch {
                        notes.failures.append(error)
                    }
                }
            }
        ) { listener, loop, notes in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            while listener.connectionCount == 0 { await loop.yield() }
            client.close()
            while notes.failures.isEmpty { await loop.yield() }
            #expect(notes.failures == [.clientClosed] && notes.closed == 1)
        }
    }

    @Test("a slow reader leaves the unsent bytes bounded; when it disconnects the writer is notified")
    func vanishesInReply() async throws {
        try await noting(
            .init(),
            { exchange, notes in
                notes.exchanges.append(exchange)
                exchange.whenClosed = { notes.closed += 1 }
                exchange.loop.spawn {
                    exchange.beginReply(status: 200, headers: [], length: nil)
                    do throws(ExchangeClosed) {
                        while true { try await exchange.write([UInt8](repeating: 1, count: 10_000)) }
                    } catch { notes.thrown += 1 }
                }
            }
        ) { listener, loop, notes in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.stream.pauseReading()
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            while notes.exchanges.first.map({ $0.unsentBytes < 256 * 1024 }) ?? true { await loop.yield() }
            try await loop.sleep(seconds: 0.05)
            #expect(notes.exchanges[0].unsentBytes < 256 * 1024 + 20_000)
            // It continues to read, so the writer continues too.
            client.stream.startReading()
            try await client.wait { client.received.count > 20_000_000 }
            client.close()
            while notes.thrown == 0 { await loop.yield() }
            #expect(notes.closed == 1)
        }
    }

    @Test("pipelined replies to a client that does not read stay bounded")
    func pipelinedPile() async throws {
        try await noting(
            .init(),
            { exchange, notes in
                notes.closed += 1
                exchange.respond(Reply(status: 200, body: [UInt8](repeating: 65, count: 100_000)))
            }
        ) { listener, loop, notes in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.stream.pauseReading()
            client.send(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 1000))
            var before = -1
            while before != notes.closed {
                before = notes.closed
                try await loop.sleep(seconds: 0.05)
            }
            #expect(before < 200)
            client.stream.startReading()
            for _ in 0..<1000 { #expect(try await client.reply().body.count == 100_000) }
            client.close()
        }
    }

    @Test("a client that reads nothing of its reply is disconnected")
    func stalledReader() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.sendSeconds = 0.1
        try await noting(
            configuration,
            { exchange, notes in
                exchange.whenClosed = { notes.closed += 1 }
                exchange.loop.spawn {
                    exchange.beginReply(status: 200, headers: [], length: nil)
                    do throws(ExchangeClosed) {
                        while true { try await exchange.write([UInt8](repeating: 1, count: 100_000)) }
                    } catch { notes.thrown += 1 }
                }
            }
        ) { listener, loop, notes in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.stream.pauseReading()
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            while notes.thrown == 0 { try await loop.sleep(seconds: 0.01) }
            #expect(notes.closed == 1 && listener.connectionCount == 0)
            client.close()
        }
    }

    @Test("an abort within a reply shows the client that it is incomplete")
    func abort() async throws {
        try await noting(
            .init(),
            { exchange, _ in
                exchange.beginReply(status: 200, headers: [], length: nil)
                exchange.loop.spawn {
                    try? await exchange.write([1, 2, 3])
                    exchange.abort()
                }
            }
        ) { listener, loop, _ in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("GET / HTTP/1.0\r\n\r\n")
            try await client.wait { client.hasEnded }
            #expect(client.failure != nil)
            client.close()
        }
    }

    @Test("C3: a slow head gets 408, an idle connection is closed without a reply")
    func slowHead() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.headSeconds = 0.5
        configuration.idleSeconds = 1
        try await serving(configuration, echoLine) { listener, loop in
            let idle = try await HTTPTestClient.connect(port: listener.port, on: loop)
            let used = try await HTTPTestClient.connect(port: listener.port, on: loop)
            used.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await used.reply().status == 200)
            let slow = try await HTTPTestClient.connect(port: listener.port, on: loop)
            slow.send("GET / HTTP/1.1\r\nHo")
            let reply = try await slow.reply()
            #expect(
                reply.status == 408 && reply.text.contains("REQUEST_TIMEOUT") && reply.header("Connection") == "close")
            #expect(try await idle.readToEnd() == [])
            #expect(try await used.readToEnd() == [])
            for client in [idle, used, slow] { client.close() }
        }
    }

    @Test(
        "C4.1: an invalid request gets the contract's form and closes the connection",
        arguments: [
            ("GET / HTTP/1.1\nHost: a\n\n", 400, "BAD_REQUEST"), ("\u{16}\u{3}\u{1}", 400, "BAD_REQUEST"),
            ("GET / HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                "BAD_REQUEST"
            ),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 17_000), 431, "HEADERS_TOO_LARGE"),
        ])
    func malformed(text: String, status: Int, code: String) async throws {
        try await serving(.init(), echoLine) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + text)
            #expect(try await client.reply().text == "GET /first")
            let reply = try await client.reply()
            #expect(reply.status == status)
            #expect(reply.header("Content-Type") == "application/json" && reply.header("Connection") == "close")
            let id = try #require(reply.header("X-Request-ID"))
            for member in [#""error":""#, #""message":""#, #""code":"\#(code)""#, #""request_id":"\#(id)""#] {
                #expect(reply.text.contains(member))
            }
            #expect(try await client.readToEnd() == [])
            client.close()
        }
    }

    @Test("beyond the bound the connection idle for longest is closed; without an idle one the new one is refused")
    func connectionBound() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.maxConnections = 3
        try await noting(
            configuration,
            { exchange, notes in
                if exchange.head.path == "/hold" { notes.exchanges.append(exchange) } else { echoLine(exchange) }
            }
        ) { listener, loop, notes in
            var clients: [HTTPTestClient] = []
            for number in 0..<3 {
                clients.append(try await HTTPTestClient.connect(port: listener.port, on: loop))
                clients[number].send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await clients[number].reply()
            }
            clients[0].send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await clients[0].reply()
            clients.append(try await HTTPTestClient.connect(port: listener.port, on: loop))
            #expect(try await clients[1].readToEnd() == [])  // idle for longest
            #expect(!clients[0].hasEnded && !clients[2].hasEnded)
            for index in [0, 2, 3] { clients[index].send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n") }
            while notes.exchanges.count < 3 { await loop.yield() }
            clients.append(try await HTTPTestClient.connect(port: listener.port, on: loop))
            try await clients[4].wait { clients[4].hasEnded }
            #expect(listener.connectionCount == 3)
            for exchange in notes.exchanges { echoLine(exchange) }
            for index in [0, 2, 3] { #expect(try await clients[index].reply().text == "GET /hold") }
            for client in clients { client.close() }
        }
    }

    @Test("a client with too many connections loses its own oldest idle one, or its new one; a proxy does not")
    func clientBound() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.connectionsPerClient = 2
        let bounded = configuration
        try await noting(
            bounded,
            { exchange, notes in
                if exchange.head.path == "/hold" { notes.exchanges.append(exchange) } else { echoLine(exchange) }
            }
        ) { listener, loop, notes in
            let idle = try await HTTPTestClient.connect(port: listener.port, on: loop)
            idle.send("GET /idle HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await idle.reply()
            var busy: [HTTPTestClient] = []
            for count in 1...2 {
                let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
                client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
                busy.append(client)
                while notes.exchanges.count < count { await loop.yield() }
            }
            #expect(try await idle.readToEnd() == [])
            let late = try await HTTPTestClient.connect(port: listener.port, on: loop)
            try await late.wait { late.hasEnded }
            #expect(listener.connectionCount == 2)
            for exchange in notes.exchanges { echoLine(exchange) }
            for client in busy { #expect(try await client.reply().text == "GET /hold") }
            for client in busy + [idle, late] { client.close() }
        }
        configuration.trustedProxies = [CIDR(IPAddress(v4: 0x7F00_0000), prefix: 8)]
        try await noting(configuration, { exchange, _ in echoLine(exchange) }) { listener, loop, _ in
            var clients: [HTTPTestClient] = []
            for _ in 0..<5 {
                let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
                client.send("GET /half HTTP/1.1\r\n")
                clients.append(client)
            }
            while listener.connectionCount < 5 { await loop.yield() }
            for client in clients { client.send("Host: a\r\n\r\n") }
            for client in clients { #expect(try await client.reply().text == "GET /half") }
            for client in clients { client.close() }
        }
    }

    @Test("connections are counted by IPv4 address and by IPv6 network, and forgotten when they end")
    func clientCounts() throws {
        var clients = ClientConnections(limit: 2, unlimited: [try CIDR(parsing: "10.0.0.0/8")])
        let near = try #require(IPAddress("2001:db8::1")), nearby = try #require(IPAddress("2001:db8::ffff:2"))
        let far = try #require(IPAddress("2001:db8:0:1::1")), proxy = try #require(IPAddress("::ffff:10.1.2.3"))
        for address in [near, nearby, proxy, proxy, proxy] { clients.opened(address) }
        #expect(clients.isFull(near) && clients.isFull(nearby))
        #expect(!clients.isFull(far) && !clients.isFull(proxy))
        clients.closed(near)
        #expect(!clients.isFull(nearby))
        let mapped = try #require(IPAddress("::ffff:8.8.8.8"))
        for _ in 0..<2 { clients.opened(mapped) }
        #expect(clients.isFull(IPAddress(v4: 0x0808_0808)))
    }

    @Test("a drain finishes open requests, closes the other connections and returns when all are closed")
    func drain() async throws {
        try await noting(
            .init(),
            { exchange, notes in
                if exchange.head.path == "/hold" { notes.exchanges.append(exchange) } else { echoLine(exchange) }
            }
        ) { listener, loop, notes in
            let idle = try await HTTPTestClient.connect(port: listener.port, on: loop)
            idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await idle.reply()
            let busy = try await HTTPTestClient.connect(port: listener.port, on: loop)
            busy.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
            while notes.exchanges.isEmpty { await loop.yield() }
            var drained = false
            let draining = loop.spawn {
                await listener.drain()
                drained = true
            }
            #expect(try await idle.readToEnd() == [])
            #expect(!drained && listener.connectionCount == 1)
            await #expect(throws: SystemError.self) { try await HTTPTestClient.connect(port: listener.port, on: loop) }
            echoLine(notes.exchanges[0])
            let reply = try await busy.reply()
            #expect(reply.text == "GET /hold" && reply.header("Connection") == "close")
            busy.close()
            await draining.value
            #expect(drained)
            idle.close()
        }
    }

    @Test("two loops share a port")
    func sharedPort() async throws {
        try await serving(.init(), echoLine) { listener, loop in
            let port = listener.port
            try await onLoop { other in
                let second = try HTTPListener(
                    on: other, address: BindAddress(host: "127.0.0.1", port: port), handler: ClosureHandler(echoLine))
                #expect(second.port == port)
                await second.close()
            }
            #expect(throws: ListenError.self) {
                try HTTPListener(
                    on: loop, address: BindAddress(host: "no.such.host", port: 0), handler: ClosureHandler(echoLine))
            }
        }
    }
}
