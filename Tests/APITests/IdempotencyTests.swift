// Idempotency-Key over live sockets: the first reply is repeated, and nothing is done twice (C2.7).
import Engine
import Foundation
import Server
import TestSupport
import Testing

@Suite("C2.7: Idempotency-Key", .timeLimit(.minutes(2)))
struct IdempotencyTests {
    static let twoLots = AcceptTests.body([AcceptTests.lot(0), AcceptTests.lot(1)])

    static func post(_ server: TestServer, _ body: String, key: String) async throws -> TestServer.Reply {
        try await server.generate(body, headers: [("Idempotency-Key", key)])
    }

    static func run(_ sql: String, on database: String) async throws {
        try await onDatabase(database) { session in try await session.execute(sql) }
    }

    @Test("a repeated batch gets the first 201 again, byte for byte, and no second job")
    func batch() async throws {
        try await TestServer.with { server, database in
            let first = try await Self.post(server, Self.twoLots, key: "order-1")
            #expect(first.status == 201 && first.header("Idempotent-Replayed") == nil)
            let job = try #require(first.json["job_id"]?.string)
            #expect(first.header("Location") == "/api/v1/batch-status/\(job)")
            let again = try await Self.post(server, Self.twoLots, key: "order-1")
            #expect(again.status == 201 && again.body == first.body)
            #expect(again.header("Idempotent-Replayed") == "true")
            #expect(try await AcceptTests.counts(database) == [1, 2, 1])
            // Another key, or none, is another request.
            #expect(try await Self.post(server, Self.twoLots, key: "order-2").json["job_id"]?.string != job)
            #expect(try await server.generate(Self.twoLots).json["job_id"]?.string != job)
            #expect(try await AcceptTests.counts(database) == [3, 6, 3])
        }
    }

    @Test("a different body under the key is 422, for any difference")
    func reused() async throws {
        try await TestServer.with { server, database in
            #expect(try await Self.post(server, Self.twoLots, key: "k").status == 201)
            let others = [
                AcceptTests.body([AcceptTests.lot(0), AcceptTests.lot(2)]),
                AcceptTests.body([AcceptTests.lot(0), AcceptTests.lot(1)], languages: "[\"en\"]"),
            ]
            for other in others {
                let reply = try await Self.post(server, other, key: "k")
                #expect(reply.status == 422 && reply.code == "IDEMPOTENCY_KEY_REUSED", "\(reply.text)")
            }
            #expect(try await AcceptTests.counts(database) == [1, 2, 1])
        }
    }

    @Test("an invalid key is 400, but only with a valid signature (C1.7)")
    func malformed() async throws {
        try await TestServer.with { server, database in
            let bad = ["", String(repeating: "k", count: 256), "two words", "k\u{e9}"]
            for key in bad {
                let reply = try await Self.post(server, Self.twoLots, key: key)
                #expect(reply.status == 400 && reply.code == "INVALID_FIELD", "\(key): \(reply.text)")
                #expect(reply.json["details"]?["path"] == "Idempotency-Key")
            }
            let unsigned = try await server.send(
                "POST", "/api/v1/generate-descriptions", signed: "another text",
                headers: [("Content-Type", "application/json"), ("Idempotency-Key", "two words")], body: Self.twoLots)
            #expect(unsigned.status == 403)
            let longest = String(repeating: "~", count: 255)
            #expect(try await Self.post(server, Self.twoLots, key: longest).status == 201)
            #expect(try await AcceptTests.counts(database) == [1, 2, 1])
        }
    }

    @Test("a synchronous reply is stored: a repeat costs nothing; after an error the key can be used again")
    func synchronous() async throws {
        let faults: JSONValue = [
            "routes": [["route": "POST /v1/responses", "fault": "status", "status": 400, "message": "no", "times": 1]]
        ]
        try await Outside.with(faults: faults) { server, outside, database in
            let body = SynchronousTests.body([outside.imagesURL + "/car/1.jpg"], languages: ["en", "de"])
            let failed = try await Self.post(server, body, key: "sync")
            #expect(failed.status == 500, "\(failed.text)")
            let first = try await Self.post(server, body, key: "sync")
            #expect(first.status == 200, "\(first.text)")
            let calls = await outside.requests("POST /v1/responses")
            let again = try await Self.post(server, body, key: "sync")
            #expect(again.status == 200 && again.body == first.body)
            #expect(again.header("Idempotent-Replayed") == "true")
            #expect(await outside.requests("POST /v1/responses") == calls)
        }
    }

    @Test("a request during the first gets 409 with Retry-After; if the first client disconnects the key is free")
    func running() async throws {
        try await Outside.with(responseSeconds: 60) { server, outside, database in
            let body = SynchronousTests.body([outside.imagesURL + "/car/2.jpg"], languages: ["en"])
            let second = try await onLoop { [port = server.port] loop in
                let client = try await HTTPTestClient.connect(port: port, on: loop)
                client.send(
                    "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                        + "Idempotency-Key: slow\r\nX-Signature: \(TestServer.sign(body))\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                while await outside.requests("POST /v1/responses") == 0 { try await loop.sleep(seconds: 0.01) }
                let second = try await Self.post(server, body, key: "slow")
                client.close()
                return second
            }
            #expect(second.status == 409 && second.code == "REQUEST_IN_PROGRESS", "\(second.text)")
            #expect((second.header("Retry-After").flatMap { Int($0) } ?? 0) > 0)
            try await onDatabase(database) { session in
                let open = Statement("t_open_keys", "SELECT count(*) FROM idempotency_keys")
                while try await session.query(open)[0].int(0) > 0 {}
            }
        }
    }

    @Test("five hundred equal requests at once, over two instances, make one job")
    func race() async throws {
        try await TestServer.with { first, database in
            let second = try await TestServer.start(database: database)
            let request =
                "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                + "Idempotency-Key: race\r\nX-Signature: \(TestServer.sign(Self.twoLots))\r\n"
                + "Content-Length: \(Self.twoLots.utf8.count)\r\n\r\n\(Self.twoLots)"
            let ports = [first.port, second.port]
            // From one thread: five hundred threads would starve the servers.
            let replies = try await onLoop { loop in
                try await loop.gather(Array(0..<500)) { number in
                    let client = try await HTTPTestClient.connect(port: ports[number % 2], on: loop)
                    defer { client.close() }
                    client.send(request)
                    return try await client.reply()
                }
            }
            await second.stop()
            let others = replies.filter { $0.status != 201 && $0.code != "REQUEST_IN_PROGRESS" }
            #expect(others.isEmpty, "\(others.count) others, such as \(others[0].status) \(others[0].text)")
            #expect(Set(replies.filter { $0.status == 201 }.map(\.text)).count == 1)
            #expect(try await AcceptTests.counts(database) == [1, 2, 1])
        }
    }

    @Test("a dead instance's key is taken over, a live one keeps it; after 24 hours a key is new")
    func takeOver() async throws {
        try await TestServer.with { server, database in
            let hold = """
                INSERT INTO idempotency_keys (key, fingerprint, claim, instance_id, incarnation, claimed_at)
                VALUES ('held', '', gen_random_uuid(), 'other', '00000000-0000-4000-8000-000000000001', now());
                INSERT INTO instances (instance_id, incarnation)
                VALUES ('other', '00000000-0000-4000-8000-000000000001')
                """
            try await Self.run(hold, on: database)
            // The body of the row is unknown, so it differs; the key is still held.
            #expect(try await Self.post(server, Self.twoLots, key: "held").code == "IDEMPOTENCY_KEY_REUSED")
            try await Self.run("UPDATE instances SET heartbeat_at = now() - interval '11 s'", on: database)
            let taken = try await Self.post(server, Self.twoLots, key: "held")
            #expect(taken.status == 201, "\(taken.text)")
            #expect(try await Self.post(server, Self.twoLots, key: "held").body == taken.body)
            try await Self.run(
                "UPDATE idempotency_keys SET claimed_at = now() - interval '24 hours 1 s'", on: database)
            let anew = try await Self.post(server, Self.twoLots, key: "held")
            #expect(anew.status == 201 && anew.body != taken.body)
            // A name held by another incarnation belongs to a dead process.
            try await Self.run(
                """
                UPDATE idempotency_keys SET completed_at = NULL, status = NULL, reply = NULL, instance_id = 'other';
                UPDATE instances SET heartbeat_at = now(), incarnation = gen_random_uuid()
                """, on: database)
            #expect(try await Self.post(server, Self.twoLots, key: "held").status == 201)
        }
    }

    @Test("expired keys are removed, others stay")
    func pruned() async throws {
        try await TestServer.with { server, database in
            for key in ["old", "new"] { #expect(try await Self.post(server, Self.twoLots, key: key).status == 201) }
            try await onDatabase(database) { session in
                try await session.execute(
                    "UPDATE idempotency_keys SET claimed_at = now() - interval '25 hours' WHERE key = 'old'")
                #expect(try await IdempotencyKeys.prune(session) == 1)
                #expect(try await IdempotencyKeys.prune(session) == 0)
            }
            #expect(try await Self.post(server, Self.twoLots, key: "new").header("Idempotent-Replayed") == "true")
        }
    }

    @Test("without a database a request with a key gets 503, even a synchronous one: its reply cannot be stored")
    func databaseAway() async throws {
        let server = try await TestServer.start(database: "postgresql://nobody@127.0.0.1:9/none")
        let reply = try await Self.post(server, AcceptTests.body([AcceptTests.lot(0)]), key: "k")
        await server.stop()
        #expect(reply.status == 503 && reply.header("Retry-After") != nil)
    }
}
