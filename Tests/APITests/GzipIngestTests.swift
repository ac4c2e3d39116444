// POST generate-descriptions with Content-Encoding: gzip, over a live socket.
import Engine
import Foundation
import TestSupport
import Testing

@testable import Server

@Suite("Compressed requests", .timeLimit(.minutes(2)))
struct GzipIngestTests {
    private static func gzip(_ text: String) -> [UInt8] { GzipDeflater().deflate([UInt8](text.utf8), isLast: true) }

    /// The content of a member.
    static func inflated(_ member: [UInt8]) throws -> (bytes: [UInt8], isComplete: Bool) {
        let inflater = GzipInflater()
        var (out, taken) = ([UInt8](), 0)
        while taken < member.count || inflater.hasMore {
            var used = 0
            let rest = member[taken...]
            out += try inflater.inflate(rest.span, used: &used)
            taken += used
        }
        return (out, inflater.isComplete)
    }

    /// Sends `body` unchanged: in chunks of `pieces` bytes, or at once with its length.
    private static func post(
        _ server: TestServer, _ body: [UInt8], signed: String?, coding: String = "gzip", pieces: Int? = nil,
        key: String? = nil
    ) async throws -> TestServer.Reply {
        try await onLoop { [port = server.port] loop in
            let client = try await HTTPTestClient.connect(port: port, on: loop)
            defer { client.close() }
            var head = "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
            head += "Content-Encoding: \(coding)\r\n"
            if let signed { head += "X-Signature: \(TestServer.sign(signed))\r\n" }
            if let key { head += "Idempotency-Key: \(key)\r\n" }
            guard let pieces else {
                client.send(head + "Content-Length: \(body.count)\r\n\r\n")
                client.send(body)
                return try await client.reply()
            }
            client.send(head + "Transfer-Encoding: chunked\r\n\r\n")
            for start in stride(from: 0, to: body.count, by: pieces) {
                let piece = body[start..<min(start + pieces, body.count)]
                client.send([UInt8]("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10])
                await loop.yield()
            }
            client.send("0\r\n\r\n")
            return try await client.reply()
        }
    }

    @Test("C1.2, C1.3: the signature covers the inflated body; a key recognises the body in either coding")
    func accepted() async throws {
        try await TestServer.with { server, database in
            let body = AcceptTests.twoLots
            let whole = try await Self.post(server, Self.gzip(body), signed: body)
            #expect(whole.status == 201, "\(whole.text)")
            let slow = try await Self.post(server, Self.gzip(body), signed: body, coding: "X-Gzip", pieces: 1)
            #expect(slow.status == 201)
            let sorted = ["a", "b"].map { "{\"images\":[{\"url\":\"http://127.0.0.1/a\"}],\"lot_id\":\"\($0)\"}" }
            let lots = "[\(sorted.joined(separator: ","))]"
            let signing = "{\"signature\":\"\(TestServer.sign(lots))\",\"lots\": \(lots)}"
            #expect(try await Self.post(server, Self.gzip(signing), signed: nil).status == 201)
            let compressed = Self.gzip(body)
            let over = try await Self.post(
                server, compressed, signed: String(decoding: compressed, as: UTF8.self))
            #expect(over.status == 403)
            let first = try await Self.post(server, Self.gzip(body), signed: body, key: "k")
            let plain = try await server.generate(body, headers: [("Idempotency-Key", "k")])
            #expect(first.status == 201 && plain.status == 201 && plain.json["job_id"] == first.json["job_id"])
            #expect(try await AcceptTests.counts(database) == [4, 8, 4])
        }
    }

    @Test("C5.1: a body that inflates beyond its memory goes through the spool, in either framing")
    func large() async throws {
        for rate in [Double.infinity, 0] {
            try await TestServer.with(eagerBytesPerSecond: rate) { server, database in
                for pieces in [nil, 10_000] {
                    let reply = try await Self.post(
                        server, Self.gzip(EagerCopyTests.big), signed: EagerCopyTests.big, pieces: pieces)
                    #expect(reply.status == 201, "\(reply.text)")
                }
                #expect(try await AcceptTests.counts(database) == [2, 3000, 2])
                let same = try await onDatabase(database) { session in
                    let sql = "SELECT count(DISTINCT (position, lot_id, additional_info)) FROM batch_lots"
                    return try await session.query(Statement("t_same", sql))[0].int(0)
                }
                #expect(same == 1500)
            }
        }
    }

    @Test("C1.7, C4.1: anything but one whole gzip member is 400 BAD_REQUEST and leaves nothing behind")
    func damaged() async throws {
        let spool = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: spool, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: spool) }
        try await TestServer.with(["SPOOL_DIR": spool.path]) { server, database in
            let body = AcceptTests.twoLots
            let member = Self.gzip(body)
            var damaged = member
            damaged[member.count - 5] ^= 8
            let bad = [
                [UInt8](body.utf8), [], Array(member.dropLast(1)), Array(member.prefix(12)), damaged, member + [10],
                member + Self.gzip(" "), Array(Self.gzip(EagerCopyTests.big).dropLast(9)),
            ]
            for body in bad {
                let reply = try await Self.post(server, body, signed: AcceptTests.twoLots)
                #expect(reply.status == 400 && reply.code == "BAD_REQUEST", "\(reply.text)")
                #expect(reply.members.prefix(4) == ["error", "message", "code", "request_id"])
            }
            // Valid gzip of invalid JSON gets the same error as without gzip.
            let text = try await Self.post(server, Self.gzip("{\"lots\":["), signed: "{\"lots\":[")
            #expect(text.status == 400 && text.code == "INVALID_JSON")
            #expect(try await AcceptTests.counts(database) == [0, 0, 0])
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: spool.path).isEmpty)
    }

    @Test("C3: Content-Length counts sent bytes; a lot over its limit is refused before its member has ended")
    func limits() async throws {
        try await TestServer.with { server, database in
            let long = try await server.raw(pieces: [
                "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                    + "Content-Encoding: gzip\r\nContent-Length: 209715201\r\nExpect: 100-continue\r\n\r\n"
            ])
            #expect(long.status == 413 && long.code == "BODY_TOO_LARGE")
            let lot = "{\"lots\":[{\"lot_id\":\"" + String(repeating: "x", count: 5_000_000)
            #expect(try await Self.post(server, Self.gzip(lot), signed: "x").code == "LOT_TOO_LARGE")
            #expect(try await AcceptTests.counts(database) == [0, 0, 0])
        }
    }

    @Test(
        "C4.2: other codings, or several, are 415, which names the supported ones",
        arguments: ["deflate", "br", "gzip, gzip", "gzip\r\nContent-Encoding: gzip", "zstd", ""])
    func otherCodings(coding: String) async throws {
        try await TestServer.with { server, _ in
            let reply = try await Self.post(server, Self.gzip("{}"), signed: "{}", coding: coding)
            #expect(reply.status == 415 && reply.code == "UNSUPPORTED_MEDIA_TYPE")
            #expect(reply.header("Accept-Encoding") == "gzip, identity")
        }
    }

    @Test("a client that disconnects in the middle leaves nothing behind and frees its place")
    func goneClient() async throws {
        try await TestServer.with { server, database in
            let member = Self.gzip(EagerCopyTests.big)
            for share in [2, 10, 1000] {
                try await onLoop { [port = server.port] loop in
                    let client = try await HTTPTestClient.connect(port: port, on: loop)
                    client.send(
                        "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                            + "Content-Encoding: gzip\r\nContent-Length: \(member.count)\r\n\r\n")
                    client.send(Array(member.prefix(member.count / share)))
                    await loop.yield()
                    client.close()
                }
            }
            let next = try await Self.post(server, member, signed: EagerCopyTests.big)
            #expect(next.status == 201)
            #expect(try await AcceptTests.counts(database) == [1, 1500, 1])
        }
    }
}
