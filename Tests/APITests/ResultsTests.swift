// Results in every form, over a live socket: each form has the same lots.
import Engine
import Foundation
import TestSupport
import Testing

@testable import Server

@Suite("Results", .timeLimit(.minutes(2)))
struct ResultsTests {
    private static let id = PollTests.id
    private static let path = "/api/v1/batch-results/\(PollTests.id)"
    private static let download = path + "/download"
    private static let lines = ("Accept", "application/x-ndjson")
    private static let gzip = ("Accept-Encoding", "gzip")

    /// As `PollTests.makeJob`, completed; each lot `padding` bytes larger, finished three seconds after the one before.
    private static func makeJob(_ database: String, lots: Int, padding: Int = 0) async throws {
        try await PollTests.makeJob(database, status: "completed", lots: lots, age: "2 hours")
        try await onDatabase(database) {
            try await $0.execute(
                """
                UPDATE lot_results SET created_at = '2026-01-02T03:04:05.9Z'::timestamptz + position * interval '3 s',
                    payload = left(payload, -1) || ',"n":"' || (SELECT string_agg(md5(position::text || i), '')
                        FROM generate_series(1, \(padding) / 32 + 1) AS i) || '"}'
                """)
        }
    }

    private static func get(
        _ server: TestServer, _ target: String, _ headers: (String, String)..., method: String = "GET"
    ) async throws -> TestServer.Reply {
        try await server.send(method, target, signed: id, headers: headers)
    }

    private static func lots(_ reply: TestServer.Reply) -> [JSONValue] { reply.json["results"]?["lots"]?.array ?? [] }

    private static func unzipped(_ reply: TestServer.Reply) throws -> [UInt8] {
        let read = try GzipIngestTests.inflated(reply.body)
        #expect(read.isComplete)
        return read.bytes
    }

    @Test("the plain form is the document's, byte for byte")
    func plain() async throws {
        try await TestServer.with { server, database in
            try await PollTests.makeJob(database, status: "completed", lots: 2, age: "2 hours")
            try await onDatabase(database) {
                try await $0.execute(
                    """
                    UPDATE lot_results
                        SET created_at = '2026-01-02T03:04:05.9Z'::timestamptz + position * interval '1 h';
                    UPDATE batch_jobs SET created_at = '2026-01-02T03:00:00Z', completed_at = '2026-01-02T03:45:00Z'
                    """)
            }
            let expected =
                #"{"job_id":"\#(Self.id)","status":"completed","completed_at":"2026-01-02T03:45:00Z","#
                + #""processing_summary":{"total_lots":2,"processed_lots":1,"failed_lots":1,"#
                + #""total_images_processed":7,"total_processing_time":"45 minutes"},"#
                + #""results":{"version":"1.0.0","lots":["#
                + #"{"lot_id":"lot-0","status":"completed","processed_at":"2026-01-02T03:04:05Z"},"#
                + #"{"lot_id":"lot-1","status":"completed","processed_at":"2026-01-02T04:04:05Z"}]}}"#
            for target in [Self.path, Self.download] {
                let reply = try await Self.get(server, target)
                #expect(reply.text == expected)
                #expect(reply.header("Content-Type") == "application/json")
                #expect(reply.header("Content-Encoding") == nil && reply.header("Link") == nil)
                #expect(reply.header("Vary") == "Accept, Accept-Encoding")
            }
            // Such a small body is sent uncompressed.
            #expect(try await Self.get(server, Self.path, Self.gzip).text == expected)
        }
    }

    @Test("gzip inflates to the plain form, lines have the plain form's lots, HEAD has the same headers")
    func forms() async throws {
        try await TestServer.with { server, database in
            try await Self.makeJob(database, lots: 1200, padding: 400)
            let plain = try await Self.get(server, Self.path)
            #expect(Self.lots(plain).compactMap { $0["lot_id"]?.string } == (0..<1200).map { "lot-\($0)" })
            #expect(Self.lots(plain)[1199]["processed_at"] == "2026-01-02T04:04:02Z")
            let zipped = try await Self.get(server, Self.path, Self.gzip)
            #expect(zipped.header("Content-Encoding") == "gzip" && zipped.body.count < plain.body.count * 3 / 4)
            #expect(try Self.unzipped(zipped) == plain.body)
            let lines = try await Self.get(server, Self.path, Self.lines)
            #expect(lines.header("Content-Type") == "application/x-ndjson")
            #expect(lines.body.last == UInt8(ascii: "\n"))
            let each = lines.body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
            let joined = Array(each.joined(separator: [UInt8(ascii: ",")]))
            let text = plain.body
            let begin = try #require(text.firstRange(of: Array(#""lots":["#.utf8))).upperBound
            #expect(each.count == 1200 && joined == Array(text[begin...].dropLast(3)))
            let both = try await Self.get(server, Self.download, Self.lines, Self.gzip)
            #expect(try Self.unzipped(both) == lines.body)
            #expect(
                both.header("Content-Disposition") == "attachment; filename=\"batch_results_\(Self.id).ndjson\"")
            let head = try await Self.get(server, Self.path, Self.lines, Self.gzip, method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty && head.header("Content-Encoding") == "gzip")
            #expect(head.header("Content-Type") == "application/x-ndjson")
        }
    }

    @Test("the joined pages are the plain form; each is the document with its own lots and a link to the next")
    func pages() async throws {
        try await TestServer.with { server, database in
            try await Self.makeJob(database, lots: 450)
            let plain = try await Self.get(server, Self.path)
            for limit in [1000, 450, 449, 200, 7, nil] {
                var (cursor, seen, calls) = ("", [JSONValue](), 0)
                repeat {
                    let query = [limit.map { "limit=\($0)" }, cursor.isEmpty ? nil : "cursor=\(cursor)"]
                    let first = limit == nil && cursor.isEmpty ? ["limit=200"] : []
                    let target = Self.path + "?" + (query.compactMap { $0 } + first).joined(separator: "&")
                    let page = try await Self.get(server, target)
                    #expect(page.members == plain.members + ["pagination"])
                    #expect(page.json["processing_summary"] == plain.json["processing_summary"])
                    #expect(page.json["pagination"]?.memberNames == ["limit", "next_cursor"])
                    #expect(page.json["pagination"]?["limit"]?.int == limit ?? 200)
                    let lines = try await Self.get(server, target, Self.lines)
                    #expect(lines.text.split(separator: "\n").count == Self.lots(page).count)
                    #expect(lines.header("Link") == page.header("Link"))
                    seen += Self.lots(page)
                    calls += 1
                    cursor = page.json["pagination"]?["next_cursor"]?.string ?? ""
                    let link = "<\(Self.path)?cursor=\(cursor)&limit=\(limit ?? 200)>; rel=\"next\""
                    #expect(page.header("Link") == (cursor.isEmpty ? nil : link))
                } while !cursor.isEmpty && calls < 100
                #expect(seen == Self.lots(plain) && calls == (450 + (limit ?? 200) - 1) / (limit ?? 200))
            }
        }
    }

    @Test("C1.5, C4.2: the query is unsigned, and its mistakes are named")
    func mistakes() async throws {
        try await TestServer.with { server, database in
            try await Self.makeJob(database, lots: 3)
            let cursor = try #require(
                try await Self.get(server, Self.path + "?limit=1").json["pagination"]?["next_cursor"]?.string)
            for (query, name) in [
                ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=", "limit"),
                ("limit=1&limit=2", "limit"), ("cursor=", "cursor"), ("cursor=1", "cursor"),
                ("cursor=\(cursor.uppercased())x", "cursor"), ("cursor=\(cursor.dropLast())", "cursor"),
                ("cursor=" + ResultsCursor.text(2, of: Identifier(high: 0, low: 0x44_0000)), "cursor"),
                ("cursor=-000000155440000", "cursor"),
                ("cursor=00000007" + cursor.suffix(8), "cursor"), ("cursor=00000002" + cursor.suffix(8), "cursor"),
                ("cursor=\(cursor)&cursor=\(cursor)", "cursor"),
            ] {
                let reply = try await Self.get(server, Self.path + "?" + query)
                #expect(reply.status == 400 && reply.code == "INVALID_PARAMETER", "\(query): \(reply.text)")
                #expect(reply.json["details"]?["parameter"]?.string == name)
            }
            let target = Self.path + "?limit=1"
            #expect(try await server.send("GET", target, signed: target).status == 403)
            // Unknown parameters are ignored, as everywhere.
            let other = try await Self.get(server, Self.path + "?page=2")
            #expect(other.status == 200 && !other.members.contains("pagination"))
        }
    }

    @Test("fetched pages are bounded by bytes, without gaps between pages of small and of large lots")
    func bytes() async throws {
        try await TestServer.with { server, database in
            try await Self.makeJob(database, lots: 400, padding: 60_000)
            // With some small ones among them.
            try await onDatabase(database) {
                try await $0.execute(
                    """
                    UPDATE lot_results SET payload = '{"lot_id":"lot-' || position || '"}'
                    WHERE position IN (0, 1, 7, 399) OR position BETWEEN 60 AND 240
                    """)
            }
            let id = try #require(Identifier(Self.id))
            try await onDatabase(database) { session in
                let cut = try await ResultPage.run(session, job: id, after: -1, through: 399)
                #expect(cut.isCut && cut.count == 2 && cut.last == 1)
                let none = try await ResultPage.run(session, job: id, after: 1, through: 399)
                #expect(none.isCut && none.count == 0 && none.last == nil && none.bytes == 0)
                let small = try await ResultPage.run(session, job: id, after: 59, through: 240)
                #expect(!small.isCut && small.count == 181 && small.last == 240)
                let large = try await ResultPage.large(session, job: id, after: 1, through: 399)
                #expect(large.isCut && large.bytes >= ResultPage.largeBytes)
                #expect(large.bytes < ResultPage.largeBytes + 60_100 && large.last == 1 + large.count)
                let one = try await ResultPage.large(session, job: id, after: 1, through: 399, bytes: 1)
                #expect(one.isCut && one.count == 1 && one.last == 2 && one.bytes < 60_100)
                let end = try await ResultPage.large(session, job: id, after: 395, through: 399)
                #expect(!end.isCut && end.last == 399)
            }
            let lots = try await Self.lots(Self.get(server, Self.path))
            #expect(lots.compactMap { $0["lot_id"]?.string } == (0..<400).map { "lot-\($0)" })
            let page = try await Self.lots(Self.get(server, Self.path + "?limit=2"))
            #expect(page.compactMap { $0["lot_id"]?.string } == ["lot-0", "lot-1"])
        }
    }

    @Test("a paused reader holds no database connection and gets the rest later; a disconnected one holds none")
    func slow() async throws {
        try await TestServer.with { server, database in
            // More than the sockets' buffers.
            try await Self.makeJob(database, lots: 400, padding: 60_000)
            for (accept, goesOn) in [("gzip", true), ("identity", true), ("gzip", false), ("identity", false)] {
                let reply = try await onLoop { [port = server.port] loop in
                    let client = try await HTTPTestClient.connect(port: port, on: loop)
                    defer { client.close() }
                    client.send(
                        "GET \(Self.path) HTTP/1.1\r\nHost: t\r\nAccept-Encoding: \(accept)\r\n"
                            + "X-Signature: \(TestServer.sign(Self.id))\r\nConnection: close\r\n\r\n")
                    try await client.wait { client.received.count > 100_000 }
                    client.stream.pauseReading()
                    try await Self.waitUntilQuiet(database)
                    guard goesOn else { return nil as TestServer.Reply? }
                    client.stream.startReading()
                    return try await client.reply()
                }
                guard let reply else { continue }
                let body = accept == "gzip" ? try Self.unzipped(reply) : reply.body
                #expect(try JSONValue.parse(body)["results"]?["lots"]?.array?.count == 400)
            }
            try await Self.waitUntilQuiet(database)
        }
    }

    private struct NeverQuiet: Error {}

    /// True if no other session runs a statement or has an open transaction, in several checks in a row.
    private static func waitUntilQuiet(_ database: String) async throws {
        let busy = Statement(
            "t_busy",
            """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND backend_type = 'client backend' AND state <> 'idle'
            """)
        try await onDatabase(database) { session in
            let deadline = Timestamp.now() + 30
            var quiet = 0
            while quiet < 200 {
                quiet = try await session.query(busy)[0].int(0) == 0 ? quiet + 1 : 0
                guard Timestamp.now() < deadline else { throw NeverQuiet() }
            }
        }
    }
}
