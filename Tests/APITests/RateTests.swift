// The rates as clients see them: against a naive copy of the rule, and over real sockets on two loops.
import Engine
import TestSupport
import Testing

@testable import Server

@Suite("C3.1: rates", .timeLimit(.minutes(2)))
struct RateTests {
    /// The rule in its simplest form: every request of the last minute, clients in the order of their last request.
    private struct Naive {
        var visits: [(client: Int, times: [[UInt64]], seen: UInt64)] = []
        let limits: [Int]
        let clientsMax: Int

        mutating func ask(_ client: Int, _ rate: Int, at now: UInt64, counts: Bool) -> RateVerdict {
            var times = [[UInt64]](repeating: [], count: 3)
            if let index = visits.firstIndex(where: { $0.client == client }) {
                times = visits.remove(at: index).times
            } else if !counts {
                return .admitted(RateStanding(limit: limits[rate], remaining: limits[rate], resetSeconds: 0))
            } else if visits.count == clientsMax {
                visits.removeFirst()
            }
            times = times.map { $0.filter { $0 + 60_000 >= now } }
            let hasRoom = times[rate].count < limits[rate]
            if hasRoom, counts { times[rate].append(now) }
            visits.append((client, times, now))
            let reset = times[rate].first.map { ($0 + 60_001 - now + 999) / 1000 } ?? 0
            let standing = RateStanding(
                limit: limits[rate], remaining: limits[rate] - times[rate].count, resetSeconds: Int(reset))
            return hasRoom ? .admitted(standing) : .refused(standing)
        }
    }

    @Test("for any sequence the verdict equals that of a list of all request times", arguments: 1...8)
    func againstNaive(seed: UInt64) {
        var random = Seeded(seed)
        let hands = LimiterTests.Hands()
        var limits = RateLimits()
        (limits.synchronous, limits.batch, limits.poll) = (20, 1, 9)
        let clientsMax = Int.random(in: 1...12, using: &random)
        let limiter = RateLimiter(limits: limits, clientsMax: clientsMax, now: { hands.now })
        var naive = Naive(limits: [20, 1, 9], clientsMax: clientsMax)
        let pauses: [UInt64] = [0, 1, 40, 999, 1000, 3000, 59_999, 60_000, 60_001, 200_000]
        for _ in 0..<20_000 {
            // Mostly short pauses, so that the limits are reached.
            hands.turn(pauses[min(Int.random(in: 0..<10, using: &random), Int.random(in: 0..<40, using: &random))])
            let client = Int.random(in: 0..<10, using: &random)
            let rate = RateClass.allCases[Int.random(in: 0..<3, using: &random)]
            let counts = Bool.random(using: &random)
            // The limiter forgets clients idle for a minute, with the same verdicts as the rule.
            naive.visits.removeAll { $0.seen + 60_000 < hands.now }
            let expected = naive.ask(client, rate.rawValue, at: hands.now, counts: counts)
            let address = IPAddress(v4: UInt32(client))
            let verdict = counts ? limiter.admit(address, rate) : limiter.look(address, rate)
            guard verdict == expected else {
                Issue.record("\(verdict), not \(expected)")
                return
            }
        }
    }

    @Test("two loops, many connections at once: exactly N requests pass, and every reply reports the remaining ones")
    func twoLoops() async throws {
        let settings = ["WORKER_THREADS": "2", "RATE_LIMIT_POLL": "60"]
        try await TestServer.with(settings) { server, _ in
            let replies = try await onLoop { [port = server.port] loop in
                try await loop.gather(Array(0..<90)) { _ in
                    let client = try await HTTPTestClient.connect(port: port, on: loop)
                    defer { client.close() }
                    client.send("GET /api/v1/batch-status/x HTTP/1.1\r\nHost: t\r\n\r\n")
                    return try await client.reply()
                }
            }
            #expect(replies.count { $0.status == 401 } == 60)
            #expect(replies.count { $0.status == 429 } == 30)
            let remaining = replies.filter { $0.status == 401 }.compactMap { $0.header("RateLimit-Remaining") }
            #expect(Set(remaining.compactMap { Int($0) }) == Set(0..<60))
            for reply in replies {
                #expect(reply.header("RateLimit-Limit") == "60")
                let reset = try #require(reply.header("RateLimit-Reset").flatMap { Int($0) })
                #expect((1...61).contains(reset))
                if reply.status == 429 {
                    #expect(reply.header("RateLimit-Remaining") == "0")
                    #expect(reply.header("Retry-After") == "\(reset)" && reply.json["retry_after"]?.int == reset)
                }
            }
        }
    }

    @Test("refusals count in the known class: a signed batch's in its own, the others as synchronous")
    func knownClass() async throws {
        try await TestServer.with(["RATE_LIMIT_BATCH": "7", "RATE_LIMIT_SYNC": "9"]) { server, _ in
            let lot = AcceptTests.lot(0)
            let twice = try await server.standing(AcceptTests.body([lot, lot]))
            #expect(twice == "DUPLICATE_LOT_ID 7 6")
            #expect(try await server.standing(AcceptTests.body(["{}", lot])) == "MISSING_FIELD 7 5")
            #expect(try await server.standing("{\"lots\":[{}]}") == "MISSING_FIELD 9 8")
            #expect(try await server.standing("{\"lots\":[]}") == "INVALID_FIELD 9 7")
            #expect(try await server.standing("{") == "INVALID_JSON 9 6")
            #expect(try await server.standing(AcceptTests.body([lot, lot]), signed: "x") == "INVALID_SIGNATURE 9 5")
            #expect(try await server.standing("{", [("Prefer", "respond-async")]) == "INVALID_JSON 7 4")
            #expect(try await server.send("GET", "/api/v1/nothing").header("RateLimit-Limit") == nil)
            #expect(try await server.send("GET", "/health/live").header("RateLimit-Limit") == nil)
        }
    }

    @Test("a forwarded client has its own count if the proxy is trusted")
    func forwarded() async throws {
        try await TestServer.with(["RATE_LIMIT_POLL": "5"]) { server, _ in
            let first = try await server.left([("X-Forwarded-For", "203.0.113.1")])
            #expect(first == "4")
            #expect(try await server.left([("X-Forwarded-For", "6.6.6.6, 203.0.113.1")]) == "3")
            #expect(try await server.left([("X-Real-IP", "203.0.113.2")]) == "4")
            #expect(try await server.left([]) == "4")
        }
        try await TestServer.with(["RATE_LIMIT_POLL": "5", "TRUSTED_PROXIES": "192.0.2.1"]) { server, _ in
            let first = try await server.left([("X-Forwarded-For", "203.0.113.1")])
            #expect(first == "4")
            #expect(try await server.left([("X-Forwarded-For", "203.0.113.2"), ("X-Real-IP", "203.0.113.3")]) == "3")
        }
    }

    @Test("both classes full and the class unknown: Retry-After covers both, and no byte of the body is read")
    func bothFull() async throws {
        try await TestServer.with(["RATE_LIMIT_BATCH": "1", "RATE_LIMIT_SYNC": "1"]) { server, _ in
            #expect(try await server.generate("{").status == 400)
            #expect(try await server.generate(AcceptTests.twoLots).status == 201)
            let reply = try await server.raw(pieces: [
                "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
            ])
            #expect(reply.status == 429 && reply.code == "RATE_LIMIT_EXCEEDED")
            #expect(reply.header("Retry-After").flatMap { Int($0) } ?? 0 >= 60)
            // A request of a known class is refused before its body too, while the other class has room.
            #expect(reply.header("RateLimit-Remaining") == "0")
        }
        try await TestServer.with(["RATE_LIMIT_BATCH": "1"]) { server, _ in
            #expect(try await server.generate(AcceptTests.twoLots).status == 201)
            // A preferred batch, or a body too long for a single lot.
            for fields in ["Prefer: respond-async\r\nContent-Length: 1000", "Content-Length: 3000000"] {
                let reply = try await server.raw(pieces: [
                    "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                        + "\(fields)\r\nExpect: 100-continue\r\n\r\n"
                ])
                #expect(reply.status == 429, "\(fields)")
            }
        }
    }
}

extension TestServer {
    /// The reply to a request: its code, its class's limit and the remaining requests.
    fileprivate func standing(
        _ body: String, signed: String? = nil, _ headers: [(String, String)] = []
    ) async throws -> String {
        let reply = try await send(
            "POST", "/api/v1/generate-descriptions", signed: signed ?? body,
            headers: [("Content-Type", "application/json")] + headers, body: body)
        let limits = "\(reply.header("RateLimit-Limit") ?? "-") \(reply.header("RateLimit-Remaining") ?? "-")"
        return "\(reply.code ?? "") \(limits)"
    }

    fileprivate func left(_ headers: [(String, String)]) async throws -> String? {
        try await send("GET", "/api/v1/nothing", headers: headers).header("RateLimit-Remaining")
    }
}
