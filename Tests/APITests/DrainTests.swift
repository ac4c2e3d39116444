// What becomes of a request that is on its way when the service is told to stop.
import Engine
import Server
import TestSupport
import Testing

@Suite("Stopping", .timeLimit(.minutes(2)))
struct DrainTests {
    private struct NotRead: Error {}

    /// Sends the head, tells the service to stop, and sends the body when nobody listens any more.
    private static func sendWhileStopping(_ server: TestServer, _ body: String) async throws -> TestServer.Reply {
        try await onLoop { loop in
            let client = try await HTTPTestClient.connect(port: server.port, on: loop)
            client.send(
                "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                    + "X-Signature: \(TestServer.sign(body))\r\nIdempotency-Key: drain\r\nExpect: 100-continue\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n")
            guard try await client.reply().status == 100 else { throw NotRead() }
            let stopping = loop.spawn { await server.stop() }
            while let another = try? await HTTPTestClient.connect(port: server.port, on: loop) { another.close() }
            client.send(body)
            let reply = try await client.reply()
            client.close()
            await stopping.value
            return reply
        }
    }

    private static func reply(_ lots: Int, _ check: @Sendable (TestServer.Reply, [Int]) -> Void) async throws {
        try await TestDatabase.with { database in
            let server = try await TestServer.start(database: database, ["SHUTDOWN_GRACE": "60"])
            let body = AcceptTests.body((0..<lots).map { AcceptTests.lot($0) })
            let reply = try await sendWhileStopping(server, body)
            check(reply, try await AcceptTests.counts(database))
        }
    }

    @Test("C5.1: a batch whose body was being read still becomes a job, for whoever goes on")
    func batch() async throws {
        try await Self.reply(2) { reply, counts in
            #expect(reply.status == 201, "\(reply.text)")
            #expect(reply.header("Connection") == "close")
            #expect(counts == [1, 2, 1])
        }
    }

    @Test("C4.5: one lot, which may take longer than there is time, is refused before anything is spent")
    func synchronous() async throws {
        try await Self.reply(1) { reply, counts in
            #expect(reply.status == 503 && reply.code == "SERVICE_UNAVAILABLE", "\(reply.text)")
            #expect(reply.header("Retry-After") != nil)
            #expect(counts == [0, 0, 0])
        }
    }
}
