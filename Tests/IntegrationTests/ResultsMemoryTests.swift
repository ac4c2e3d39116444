// Memory of a server process while slow readers download large results.
import Engine
import Foundation
import TestSupport
import Testing

@Suite("Results at size", .timeLimit(.minutes(3)))
struct ResultsMemoryTests {
    private static let job = "550e8400-e29b-41d4-a716-446655440000"
    /// Issue 4's bound for one reader.
    private static let addedMegabytesMax = 16.0
    private static let bytes = 400 * 120_000

    private static func makeJob(_ world: World) async throws {
        try await world.database.session {
            try await $0.execute(
                """
                INSERT INTO batch_jobs (id, status, current_stage, version, languages, total_lots, processed_lots,
                    webhook_configured, completed_at)
                VALUES ('\(job)', 'completed', 'done', '1.0.0', '{en}', 400, 400, false, now());
                INSERT INTO lot_results (job_id, stage, position, succeeded, payload)
                    SELECT '\(job)', 'final', n, true, '{"lot_id":"lot-' || n || '","text":"'
                        || (SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 3750) AS i) || '"}'
                    FROM generate_series(0, 399) AS n;
                """)
        }
    }

    private static func megabytes(_ field: String, of process: Int32) throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(field) })
        let kilobytes = line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Double($0) }
        return try #require(kilobytes) / 1024
    }

    /// Reads a little, stops until the server is blocked, reads the rest.
    private static func readSlowly(_ world: World, accept: String) async throws -> [UInt8] {
        let client = try await HTTPTestClient.connect(port: world.port, on: world.loop)
        defer { client.close() }
        client.send(
            "GET /api/v1/batch-results/\(job) HTTP/1.1\r\nHost: t\r\nAccept-Encoding: \(accept)\r\n"
                + "X-Signature: \(SignatureKeys(shared: World.key).sign(job))\r\nConnection: close\r\n\r\n")
        try await client.wait { client.received.count > 1_000_000 }
        client.stream.pauseReading()
        try await world.until("nobody asks the database for results") {
            try await world.rows(
                """
                SELECT pid FROM pg_stat_activity WHERE query LIKE '%FROM lot_results%' AND state <> 'idle'
                    AND datname = current_database() AND pid <> pg_backend_pid()
                """
            ).isEmpty
        }
        client.stream.startReading()
        return try await client.readToEnd()
    }

    @Test("memory is independent of the size of results, plain or compressed, for any reader")
    func bounded() async throws {
        try await World.run { world in
            try await Self.makeJob(world)
            // Memory of the first request is not counted.
            _ = try await world.client.send("GET", "/api/v1/batch-results/\(Self.job)?limit=1", signing: Self.job)
            let process = world.server.pid
            try "5".write(toFile: "/proc/\(process)/clear_refs", atomically: false, encoding: .utf8)
            let before = try Self.megabytes("VmRSS:", of: process)
            let plain = try await Self.readSlowly(world, accept: "identity")
            let zipped = try await Self.readSlowly(world, accept: "gzip")
            #expect(plain.count > Self.bytes && plain.suffix(10).elementsEqual("]}}\r\n0\r\n\r\n".utf8))
            #expect(zipped.count > Self.bytes / 4 && zipped.count < Self.bytes * 3 / 4)
            let added = try Self.megabytes("VmHWM:", of: process) - before
            #expect(added <= Self.addedMegabytesMax, "\(added) MB")
        }
    }
}
