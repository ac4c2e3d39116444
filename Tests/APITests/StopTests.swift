// Requests during the stop of the service.
import Engine
import TestSupport
import Testing

@Suite("Stopping", .timeLimit(.minutes(2)))
struct StopTests {
    private static let lots = (0..<2).map { #"{"lot_id":"\#($0)","images":[{"url":"https://example.com/a.jpg"}]}"# }

    /// Sends the head and half of the body; returns the rest. The server has begun the request when this returns.
    private static func begin(_ client: HTTPTestClient, _ body: String) async throws -> String {
        client.send(
            """
            POST /api/v1/generate-descriptions HTTP/1.1\r
            Host: test\r
            Content-Type: application/json\r
            Content-Length: \(body.utf8.count)\r
            X-Signature: \(TestServer.sign(body))\r
            Expect: 100-continue\r
            \r

            """)
        try await client.wait { said(client).hasPrefix("HTTP/1.1 100") }
        client.send(String(body.prefix(20)))
        return String(body.dropFirst(20))
    }

    private static func said(_ client: HTTPTestClient) -> String { String(decoding: client.received, as: UTF8.self) }

    @Test("C4.5: a batch whose body has begun is accepted, a car that takes minutes is not, new requests are refused")
    func begun() async throws {
        try await TestDatabase.with { database in
            let server = try await TestServer.start(database: database, ["SHUTDOWN_GRACE": "60"])
            try await onLoop { loop in
                let (idle, batch, single) = (
                    try await HTTPTestClient.connect(port: server.port, on: loop),
                    try await HTTPTestClient.connect(port: server.port, on: loop),
                    try await HTTPTestClient.connect(port: server.port, on: loop)
                )
                let restOfBatch = try await Self.begin(batch, #"{"lots":[\#(Self.lots.joined(separator: ","))]}"#)
                let restOfSingle = try await Self.begin(single, #"{"lots":[\#(Self.lots[0])]}"#)
                idle.send("GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n")
                #expect(try await idle.reply().status == 200)
                let stopping = loop.spawn { await server.stop() }
                // The listener closes when no new request may begin.
                _ = try await idle.readToEnd()
                await #expect(throws: SystemError.self) {
                    try await HTTPTestClient.connect(port: server.port, on: loop)
                }
                batch.send(restOfBatch)
                single.send(restOfSingle)
                let job = try await batch.readToEnd()
                let refused = try await single.readToEnd()
                #expect(String(decoding: job, as: UTF8.self).contains("HTTP/1.1 201 Created"))
                let words = String(decoding: refused, as: UTF8.self)
                #expect(words.contains("HTTP/1.1 503 ") && words.contains("shutting down"))
                for client in [idle, batch, single] { client.close() }
                await stopping.value
            }
            let jobs = try await onDatabase(database) { session in
                try await session.query(Statement("t_stop", "SELECT count(*) FROM batch_jobs")).map { $0.int(0) }
            }
            #expect(jobs == [1])
        }
    }
}
