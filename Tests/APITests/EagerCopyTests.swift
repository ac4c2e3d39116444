// Large bodies of known clients: their lots are in an open transaction before the body has ended, and become visible
// only if it ends well.
import Engine
import Foundation
import TestSupport
import Testing

@testable import Server

@Suite("Lots copied straight into a transaction", .timeLimit(.minutes(2)))
struct EagerCopyTests {
    static let big = AcceptTests.body(
        (0..<1500).map { AcceptTests.lot($0, info: String(repeating: "x", count: 3000)) })

    private static let running = Statement(
        "t_copy", "SELECT count(*) FROM pg_stat_progress_copy WHERE datname = current_database()")

    private struct NotSeen: Error {}

    /// Sends the body without its last 1,000 bytes, runs `between`, sends the rest.
    private static func sendInTwo(
        _ server: TestServer, signed: String = big, _ between: @escaping @Sendable (Loop) async throws -> Void
    ) async throws -> TestServer.Reply {
        try await onLoop { [port = server.port] loop in
            let client = try await HTTPTestClient.connect(port: port, on: loop)
            defer { client.close() }
            client.send(
                "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                    + "X-Signature: \(TestServer.sign(signed))\r\nContent-Length: \(big.utf8.count)\r\n\r\n")
            client.send(String(big.dropLast(1000)))
            try await between(loop)
            client.send(String(big.suffix(1000)))
            return try await client.reply()
        }
    }

    /// Waits until the server's copying state equals `isRunning`.
    private static func waitForCopy(_ database: String, _ isRunning: Bool) async throws {
        try await onDatabase(database) { session in
            let deadline = Timestamp.now() + 30
            while (try await session.query(running)[0].int(0) > 0) != isRunning {
                guard Timestamp.now() < deadline else { throw NotSeen() }
            }
        }
    }

    @Test("C5.1: the database receives lots while the body arrives; before the commit nothing is visible")
    func overlaps() async throws {
        try await TestServer.with(eagerBytesPerSecond: 0) { server, database in
            // The client is unknown: its lots wait in the spool.
            #expect(try await server.generate(Self.big).status == 201)
            let reply = try await Self.sendInTwo(server) { _ in
                try await Self.waitForCopy(database, true)
                #expect(try await AcceptTests.counts(database) == [1, 1500, 1])
            }
            #expect(reply.status == 201, "\(reply.text)")
            #expect(try await AcceptTests.counts(database) == [2, 3000, 2])
            let different = try await onDatabase(database) { session in
                try await session.query(
                    Statement(
                        "t_same",
                        """
                        SELECT count(*), count(DISTINCT (position, lot_id, additional_info, images)) FROM batch_lots
                        """)
                ).map { [$0.int(0), $0.int(1)] }[0]
            }
            #expect(different == [3000, 1500])
        }
    }

    @Test("C1.7: a wrong signature rolls everything back, and the client is unknown again")
    func wrongSignature() async throws {
        try await TestServer.with(eagerBytesPerSecond: 0) { server, database in
            #expect(try await server.generate(Self.big).status == 201)
            let refused = try await Self.sendInTwo(server, signed: "x") { _ in
                try await Self.waitForCopy(database, true)
            }
            #expect(refused.status == 403)
            try await Self.waitForCopy(database, false)
            #expect(try await AcceptTests.counts(database) == [1, 1500, 1])
            let next = try await server.generate(Self.big)
            #expect(next.status == 201)
            #expect(try await AcceptTests.counts(database) == [2, 3000, 2])
        }
    }

    @Test("a client that disconnects in the middle leaves nothing and blocks no other")
    func goneClient() async throws {
        try await TestServer.with(eagerBytesPerSecond: 0) { server, database in
            #expect(try await server.generate(Self.big).status == 201)
            await #expect(throws: (any Error).self) {
                try await Self.sendInTwo(server) { _ in
                    try await Self.waitForCopy(database, true)
                    throw CancellationError()
                }
            }
            try await Self.waitForCopy(database, false)
            #expect(try await AcceptTests.counts(database) == [1, 1500, 1])
            let next = try await Self.sendInTwo(server) { _ in try await Self.waitForCopy(database, true) }
            #expect(next.status == 201)
        }
    }

    @Test("C4.5: a backend killed in the middle gives 503; the same request then goes through the spool")
    func killedBackend() async throws {
        try await TestServer.with(eagerBytesPerSecond: 0) { server, database in
            #expect(try await server.generate(Self.big).status == 201)
            let lost = try await Self.sendInTwo(server) { _ in
                try await Self.waitForCopy(database, true)
                try await onDatabase(database) { session in
                    try await session.execute(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_progress_copy
                        WHERE datname = current_database()
                        """)
                }
                try await Self.waitForCopy(database, false)
            }
            #expect(lost.status == 503 && lost.header("Retry-After") != nil, "\(lost.status) \(lost.text)")
            #expect(try await AcceptTests.counts(database) == [1, 1500, 1])
            #expect(try await server.generate(Self.big).status == 201)
        }
    }

    @Test("a slow sender does not keep a transaction open: it is rolled back and frees its connection")
    func dawdler() async throws {
        try await TestServer.with { _, database in
            try await onLoop { loop in
                var configuration = DatabaseConfiguration(url: database)
                (configuration.connections, configuration.sharedConnections) = (2, 1)
                let pool = Database(on: loop, configuration: configuration)
                pool.start()
                var rows: [UInt8] = []
                let ended = Alarm(on: loop)
                let eager = EagerCopy(
                    on: loop, database: pool, beginning: [], patience: 0.3, whenEnded: { ended.wake() })
                eager.append { buffer in buffer += [0] }
                try await ended.sleep(seconds: 60)
                #expect(eager.hasFailed)
                rows = eager.takeBack() ?? []
                // No bytes had been sent, so the request can continue through the spool.
                #expect(rows == [0])
                _ = try await pool.session { try await $0.query(Self.running) }
                await pool.close()
            }
            try await Self.waitForCopy(database, false)
        }
    }

    @Test("C2.7: that transaction completes the key too")
    func withKey() async throws {
        try await TestServer.with(eagerBytesPerSecond: 0) { server, database in
            var jobs: Set<String> = []
            for _ in 0..<3 {
                let reply = try await server.generate(Self.big, headers: [("Idempotency-Key", "eager")])
                #expect(reply.status == 201)
                jobs.insert(reply.json["job_id"]?.string ?? "")
            }
            #expect(jobs.count == 1)
            #expect(try await AcceptTests.counts(database) == [1, 1500, 1])
        }
    }
}
