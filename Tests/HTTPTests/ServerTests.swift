// The HTTP server over real sockets: replies, keep-alive, pipelining.
import Engine
import Server
import TestSupport
import Testing

/// Serves `handler` on a new loop while `body` talks to it; leaves nothing open.
func serving(
    _ configuration: HTTPServerConfiguration = .init(), _ handler: @escaping @Sendable (Exchange) -> Void,
    _ body: @escaping @Sendable (HTTPListener, Loop) async throws -> Void
) async throws {
    try await onLoop { loop in
        let listener = try HTTPListener(
            on: loop, address: BindAddress(host: "127.0.0.1", port: 0), configuration: configuration,
            handler: ClosureHandler(handler))
        do { try await body(listener, loop) } catch {
            await listener.close()
            throw error
        }
        await listener.close()
        #expect(listener.connectionCount == 0)
    }
}

/// Answers with method and target.
@Sendable func echoLine(_ exchange: Exchange) {
    let text = exchange.head.method + " " + exchange.head.target
    exchange.respond(Reply(status: 200, headers: [("Content-Type", "text/plain")], body: [UInt8](text.utf8)))
}

@Suite("The HTTP server", .timeLimit(.minutes(1)))
struct ServerTests {
    @Test("a request gets its reply, and the connection serves a thousand more")
    func keepAlive() async throws {
        try await serving(.init(), echoLine) { listener, loop in
            let client = try await HTTPTestClient.connect(port: listener.port, on: loop)
            for number in 0..<1000 {
                client.send("GET /path/\(number)?q=1 HTTP/1.1\r\nHost: a\r\n\r\n")
                let reply = try await client.reply()
                #expect(reply.status == 200)
                #expect(reply.text == "GET /path/\(number)?q=1")
                #expect(reply.header("Connection") == nil)
            }
            #expect(listener.connectionCount == 1)
            client.close()
        }
    }
}
