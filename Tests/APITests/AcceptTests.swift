// POST generate-descriptions over a live socket: which requests become jobs, which are refused, and that a refusal
// leaves no rows.
import Engine
import Foundation
import Server
import TestSupport
import Testing

@Suite("Accepting batches", .timeLimit(.minutes(2)))
struct AcceptTests {
    static func lot(_ number: Int, webhook: String? = nil, info: String = "front \\u00e9 \\\"damage\\\"") -> String {
        let hook = webhook.map { ",\"webhook\":\"\($0)\"" } ?? ""
        return """
            {"lot_id":"lot-\(number)","additional_info":"\(info)"\(hook),\
            "images":[{"url":"http://127.0.0.1/\(number).jpg"}]}
            """
    }

    static func body(_ lots: [String], languages: String = "[\"en\",\"ru\"]") -> String {
        "{\"version\":\"1.2.0\",\"languages\":\(languages),\"lots\":[\(lots.joined(separator: ","))]}"
    }

    static func counts(_ database: String) async throws -> [Int] {
        try await onDatabase(database) { session in
            let rows = try await session.query(
                Statement(
                    "t_counts",
                    """
                    SELECT (SELECT count(*) FROM batch_jobs), (SELECT count(*) FROM batch_lots),
                        (SELECT count(*) FROM job_events)
                    """))
            return [rows[0].int(0), rows[0].int(1), rows[0].int(2)]
        }
    }

    @Test("C5.1: 201 has the document's members, and the rows match the request")
    func accepted() async throws {
        try await TestServer.with { server, database in
            let hook = "http://127.0.0.1/hook"
            let reply = try await server.generate(Self.body([Self.lot(0, webhook: hook), Self.lot(1)]))
            #expect(reply.status == 201)
            #expect(
                reply.members == [
                    "job_id", "status", "created_at", "total_lots", "languages", "estimated_completion",
                    "processing_mode", "webhook_configured",
                ])
            #expect(reply.json["status"] == "accepted" && reply.json["processing_mode"] == "batch")
            #expect(reply.json["total_lots"] == 2 && reply.json["webhook_configured"] == true)
            #expect(reply.json["languages"] == ["en", "ru"])
            let job = try #require(reply.json["job_id"]?.string.flatMap { Identifier($0) })
            let kept = try await onDatabase(database) { session in
                let rows = try await session.query(
                    Statement(
                        "t_lots",
                        """
                        SELECT position, lot_id, additional_info, webhook, images, image_count FROM batch_lots
                        WHERE job_id = $1 ORDER BY position
                        """), [.uuid(job)])
                return rows.map {
                    "\($0.int(0)) \($0.text(1)) \($0.text(2)) \($0.optionalText(3) ?? "-") \($0.text(4)) \($0.int(5))"
                }
            }
            #expect(
                kept == [
                    "0 lot-0 front é \"damage\" \(hook) [\"http://127.0.0.1/0.jpg\"] 1",
                    "1 lot-1 front é \"damage\" - [\"http://127.0.0.1/1.jpg\"] 1",
                ])
            #expect(try await Self.counts(database) == [1, 2, 1])
        }
    }

    @Test("C2.1: one lot with a webhook, or with Prefer: respond-async, is a batch")
    func singleLotBatches() async throws {
        try await TestServer.with { server, database in
            let hooked = try await server.generate(Self.body([Self.lot(0, webhook: "http://127.0.0.1/hook")]))
            let asked = try await server.generate(
                Self.body([Self.lot(0)]), headers: [("Prefer", "respond-async, wait=5")])
            #expect(hooked.status == 201 && asked.status == 201)
            #expect(asked.json["webhook_configured"] == false)
            #expect(asked.header("Preference-Applied") == "respond-async")
            #expect(hooked.header("Preference-Applied") == nil && hooked.header("Location") != nil)
            #expect(try await Self.counts(database) == [2, 2, 2])
        }
    }

    @Test("a job larger than its memory goes through the spool file, with chunks split anywhere")
    func large() async throws {
        try await TestServer.with { server, database in
            let info = String(repeating: "x", count: 3000)
            let body = Self.body((0..<2000).map { Self.lot($0, info: info) })
            var pieces = [
                "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\n"
                    + "Content-Type: application/json; charset=utf-8\r\n"
                    + "X-Signature: \(TestServer.sign(body))\r\nTransfer-Encoding: chunked\r\n\r\n"
            ]
            var rest = Substring(body)
            var size = 1
            while !rest.isEmpty {
                let piece = rest.prefix(size)
                pieces.append("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n")
                rest = rest.dropFirst(size)
                size = size < 60_000 ? size * 3 : 59_999
            }
            pieces.append("0\r\n\r\n")
            let reply = try await server.raw(pieces: pieces)
            #expect(reply.status == 201)
            #expect(try await Self.counts(database) == [1, 2000, 1])
        }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var code: String
        var status: Int
        var body: String
        var signed: String?
        var type = "application/json"
        var coding = "identity"
        var testDescription: String { code }
    }

    static let twoLots = body([lot(0), lot(1)])
    static let bad: [Bad] = [
        Bad(code: "INVALID_JSON", status: 400, body: "{\"lots\":[", signed: "{\"lots\":["),
        Bad(code: "MISSING_SIGNATURE", status: 401, body: twoLots, signed: nil),
        Bad(code: "INVALID_SIGNATURE", status: 403, body: twoLots, signed: "something else"),
        Bad(code: "MISSING_FIELD", status: 400, body: "{}", signed: "{}"),
        Bad(code: "UNSUPPORTED_MEDIA_TYPE", status: 415, body: twoLots, signed: twoLots, type: "text/plain"),
        Bad(code: "UNSUPPORTED_MEDIA_TYPE", status: 415, body: twoLots, signed: twoLots, coding: "br"),
        signed("INVALID_FIELD", 400, "{\"lots\":[{\"lot_id\":7,\"images\":[{\"url\":\"http://127.0.0.1/a\"}]}]}"),
        signed("TOO_MANY_IMAGES", 400, tooManyImages),
        signed("UNSUPPORTED_LANGUAGE", 422, body([lot(0), lot(1)], languages: "[\"xx\"]")),
        signed("DUPLICATE_LOT_ID", 409, body([lot(0), lot(0)])),
        signed("BATCH_SIZE_EXCEEDED", 413, body((0..<6).map { lot($0) })),
        signed("INVALID_IMAGE_URLS", 422, "{\"lots\":[{\"lot_id\":\"a\",\"images\":[{\"url\":\"ftp://a/b\"}]}]}"),
        signed("INVALID_WEBHOOK_URL", 422, body([lot(0, webhook: "http://192.168.0.1/x"), lot(1)])),
    ]

    static var tooManyImages: String {
        let images = (0..<21).map { "{\"url\":\"http://127.0.0.1/\($0).jpg\"}" }.joined(separator: ",")
        return "{\"lots\":[{\"lot_id\":\"a\",\"images\":[\(images)]}]}"
    }

    static func signed(_ code: String, _ status: Int, _ body: String) -> Bad {
        Bad(code: code, status: status, body: body, signed: body)
    }

    @Test("C4.1: every refusal has the contract's form and leaves nothing behind")
    func refusals() async throws {
        let spool = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: spool, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: spool) }
        let settings = ["MAX_BATCH_SIZE": "5", "SPOOL_DIR": spool.path]
        try await TestServer.with(settings) { server, database in
            for bad in Self.bad {
                let reply = try await server.send(
                    "POST", "/api/v1/generate-descriptions", signed: bad.signed,
                    headers: [
                        ("Content-Type", bad.type), ("Content-Encoding", bad.coding),
                        ("X-Request-ID", "r-\(bad.code)"),
                    ], body: bad.body)
                #expect(reply.status == bad.status, "\(bad.code): \(reply.text)")
                #expect(reply.code == bad.code)
                #expect(reply.members.prefix(4) == ["error", "message", "code", "request_id"])
                #expect(reply.json["request_id"]?.string == "r-\(bad.code)")
                #expect(reply.header("X-Request-ID") == "r-\(bad.code)")
                #expect(reply.header("Content-Type") == "application/json")
            }
            #expect(try await Self.counts(database) == [0, 0, 0])
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: spool.path).isEmpty)
    }

    @Test("C1.1: a 403 names a known form that was signed, and has no detail for other wrong signatures")
    func explained() async throws {
        try await TestServer.with { server, database in
            let lots = "[\(Self.lot(0)),\(Self.lot(1))]"
            let body = "{\"lots\":\(lots)}"
            for (signed, says) in [
                (lots, "not sorted"), ("something else", nil), (lots.replacing("lot-1", with: "lot-9"), nil),
            ] {
                let reply = try await server.send(
                    "POST", "/api/v1/generate-descriptions", signed: signed,
                    headers: [("Content-Type", "application/json")], body: body)
                #expect(reply.status == 403 && reply.code == "INVALID_SIGNATURE")
                let message = reply.json["message"]?.string ?? ""
                if let says { #expect(message.contains(says)) } else { #expect(message == "Invalid HMAC signature") }
            }
            #expect(try await Self.counts(database) == [0, 0, 0])
        }
    }

    @Test("C3: a body over 200 MB is refused by its length, before a byte of it is read")
    func tooLong() async throws {
        try await TestServer.with { server, _ in
            let reply = try await server.raw(pieces: [
                "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 209715201\r\nExpect: 100-continue\r\n\r\n"
            ])
            #expect(reply.status == 413 && reply.code == "BODY_TOO_LARGE")
        }
    }

    @Test("a client that disconnects in the middle leaves nothing behind")
    func goneClient() async throws {
        try await TestServer.with { server, database in
            let body = Self.twoLots
            try await onLoop { [port = server.port] loop in
                let client = try await HTTPTestClient.connect(port: port, on: loop)
                client.send(
                    "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                        + "X-Signature: \(TestServer.sign(body))\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
                client.send(String(body.dropLast(5)))
                client.close()
            }
            let next = try await server.generate(body)
            #expect(next.status == 201)
            #expect(try await Self.counts(database) == [1, 2, 1])
        }
    }

    @Test("C4.5: without a database a batch gets 503 at once, with Retry-After")
    func databaseAway() async throws {
        let server = try await TestServer.start(database: "postgresql://nobody@127.0.0.1:9/none")
        let quickest = try await quickestOfThree {
            let reply = try await server.generate(Self.twoLots)
            #expect(reply.status == 503 && reply.code == "SERVICE_UNAVAILABLE")
            #expect(reply.header("Retry-After") != nil)
        }
        #expect(quickest < .seconds(2))
        let ready = try await server.send("GET", "/health/ready")
        let live = try await server.send("GET", "/health/live")
        await server.stop()
        #expect(ready.status == 503 && live.status == 200)
    }

    @Test("C3.1: the batch class has its own count, and its replies report it")
    func rates() async throws {
        try await TestServer.with(["RATE_LIMIT_BATCH": "2", "RATE_LIMIT_SYNC": "1"]) { server, _ in
            let first = try await server.generate(Self.twoLots)
            #expect(first.status == 201)
            #expect(first.header("RateLimit-Limit") == "2" && first.header("RateLimit-Remaining") == "1")
            #expect(first.header("RateLimit-Reset") != nil)
            #expect(try await server.generate(Self.twoLots).status == 201)
            let third = try await server.generate(Self.twoLots)
            #expect(third.status == 429 && third.code == "RATE_LIMIT_EXCEEDED")
            #expect(third.header("Retry-After") != nil && third.json["retry_after"]?.int != nil)
            // A refused signature counts as synchronous; the next request is refused before its body is read.
            let wrong = try await server.send(
                "POST", "/api/v1/generate-descriptions", headers: [("Content-Type", "application/json")], body: "{}")
            #expect(wrong.status == 401 && wrong.header("RateLimit-Limit") == "1")
            #expect(try await server.generate("{").status == 429)
        }
    }
}
