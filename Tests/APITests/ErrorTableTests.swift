// Every error of the API, provoked on a live server: its status, and the common form (C4.1).
import Engine
import Foundation
import LoadtestKit
import TestSupport
import Testing

@testable import Server

/// A way to provoke an error, with the rule that promises it.
struct Provocation: Sendable {
    typealias Ask =
        @Sendable (_ server: TestServer, _ images: String, _ database: String) async throws
        -> TestServer.Reply

    let rule: String
    let code: ServiceError.Code
    /// Members in addition to the usual four.
    var more: [String] = []
    let ask: Ask

    init(_ rule: String, _ code: ServiceError.Code, _ more: [String] = [], ask: @escaping Ask) {
        self.rule = rule
        self.code = code
        self.more = more
        self.ask = ask
    }

    /// A signed body.
    init(_ rule: String, _ code: ServiceError.Code, _ more: [String] = [], body: String) {
        self.init(rule, code, more) { server, _, _ in try await server.generate(body) }
    }

    /// Unchanged bytes.
    init(_ rule: String, _ code: ServiceError.Code, _ more: [String] = [], raw: String) {
        self.init(rule, code, more) { server, _, _ in try await server.raw(pieces: [raw]) }
    }

    /// A request about the only job, whose status is `status`.
    init(_ rule: String, _ code: ServiceError.Code, _ more: [String], job status: String, _ path: String) {
        self.init(rule, code, more) { server, _, database in
            try await onDatabase(database) { try await $0.execute("UPDATE batch_jobs SET status = '\(status)'") }
            return try await server.poll(path, job: PollTests.id, method: path.hasSuffix("cancel") ? "POST" : "GET")
        }
    }
}

@Suite("C4.1: the table of errors", .timeLimit(.minutes(3)))
struct ErrorTableTests {
    private static let post =
        "POST /api/v1/generate-descriptions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
    private static let results = "/api/v1/batch-results/:job"
    private static let cancel = "/api/v1/batch-jobs/:job/cancel"

    private static func lots(_ lots: String, _ others: String = "") -> String { "{\"lots\":[\(lots)]\(others)}" }
    private static func lot(_ members: String) -> String { "{\"lot_id\":\"a\",\(members)}" }
    private static func image(_ url: String) -> String { "\"images\":[{\"url\":\"\(url)\"}]" }
    private static let two = AcceptTests.lot(0) + "," + AcceptTests.lot(1)

    /// Against a server that accepts at most five lots.
    private static let requests = [
        Provocation("C4.1", .badRequest, raw: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        Provocation("C4.1", .badRequest, raw: post + "Transfer-Encoding: chunked\r\n\r\nx\r\n"),
        Provocation("C4.1", .invalidJSON, body: "{"),
        Provocation("C2.2", .missingField, ["details"], body: lots("{\(image("http://127.0.0.1/a"))}")),
        Provocation("C2.2", .invalidField, ["details"], body: lots(lot("\"images\":[]"))),
        Provocation("C3", .tooManyImages, ["details"], body: AcceptTests.tooManyImages),
        Provocation(
            "C3", .tooManyLanguages, ["details"],
            body: lots(two, ",\"languages\":[\(Array(repeating: "\"en\"", count: 11).joined(separator: ","))]")),
        Provocation("C4.2", .invalidParameter, ["details"]) { server, _, _ in
            let target = "/api/v1/batch-jobs?limit=0"
            return try await server.send("GET", target, signed: target)
        },
        Provocation("C1.1", .missingSignature) { server, _, _ in
            try await server.send("GET", "/api/v1/batch-status/x")
        },
        Provocation("C1.1", .invalidSignature) { server, _, _ in
            try await server.send("GET", "/api/v1/batch-status/x", signed: "y")
        },
        Provocation("C4.2", .notFound) { server, _, _ in try await server.send("GET", "/api/v2/batch-jobs") },
        Provocation("C4.2", .jobNotFound) { server, _, _ in
            try await server.poll("/api/v1/batch-status/:job", job: "nonsense")
        },
        Provocation("C4.2", .methodNotAllowed) { server, _, _ in
            try await server.send("PUT", "/api/v1/generate-descriptions", body: "{}")
        },
        Provocation("C3", .requestTimeout, raw: "GET / HTTP/1.1\r\n"),
        Provocation("C3", .requestTimeout, raw: post + "Content-Length: 10\r\n\r\n{"),
        Provocation("C3.2", .duplicateLotID, ["details"], body: lots(AcceptTests.lot(0) + "," + AcceptTests.lot(0))),
        Provocation("C3", .bodyTooLarge, ["details"], raw: post + "Content-Length: 209715201\r\n\r\n"),
        Provocation("C3", .lotTooLarge, ["details"]) { server, _, _ in
            try await server.generate(lots(lot("\"x\":\"\(String(repeating: "x", count: 1 << 20))\"")))
        },
        Provocation("C3", .batchSizeExceeded, ["details"], body: AcceptTests.body((0..<6).map { AcceptTests.lot($0) })),
        Provocation("C2.5", .imagesTooLarge, ["details"]) { server, images, _ in
            try await server.generate(lots(lot(image(images + "/big/10485761"))))
        },
        Provocation("C2.5", .invalidImageURLs, ["details"]) { server, images, _ in
            try await server.generate(lots(lot(image(images + "/missing/a"))))
        },
        Provocation("C3.3", .invalidImageURLs, ["details"], body: lots(lot(image("ftp://example.com/car.jpg")))),
        Provocation(
            "C3.3", .invalidWebhookURL, ["details"], body: lots(AcceptTests.lot(0, webhook: "http://10.0.0.1/"))),
        Provocation("C4.2", .unsupportedMediaType) { server, _, _ in
            try await server.send("POST", "/api/v1/generate-descriptions", signed: "{}", body: "{}")
        },
        Provocation("C2.2", .unsupportedVersion, ["details"], body: lots(two, ",\"version\":\"2.0\"")),
        Provocation("C2.3", .unsupportedLanguage, ["details"], body: lots(two, ",\"languages\":[\"xx\",\"en\"]")),
        Provocation("C3", .headersTooLarge, raw: "GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 17_000))"),
        Provocation("C4.5", .openAIError, ["details"]) { server, images, _ in
            try await server.generate(lots(lot(image(images + "/car/refused.jpg"))))
        },
        Provocation("C2.7", .idempotencyKeyReused) { server, _, _ in
            let key = [("Idempotency-Key", "k")]
            _ = try await server.generate(AcceptTests.twoLots, headers: key)
            return try await server.generate(AcceptTests.body([two], languages: "[\"de\"]"), headers: key)
        },
        Provocation("C4.1", .jobNotCompleted, ["status", "progress"], job: "processing", results),
        Provocation("C4.4", .jobFailed, ["status", "error_message", "progress"], job: "failed", results),
        Provocation("C4.4", .jobCancelled, ["status", "error_message", "progress"], job: "cancelled", results),
        Provocation("C4.3", .jobAlreadyCancelled, ["status"], job: "cancelled", cancel),
        Provocation("C4.3", .jobNotCancellable, ["status"], job: "completed", cancel),
        Provocation("C6.3", .deliveryNotFound) { server, _, _ in
            try await DeliveryTests.redeliver(server, "nonsense")
        },
        Provocation("C6.3", .deliveryPending) { server, _, database in
            try await onDatabase(database) { session in
                try await session.execute(
                    """
                    INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, event)
                        VALUES ('\(PollTests.id)', '\(PollTests.id)', 'http://a.test/', 'e')
                    """)
            }
            return try await DeliveryTests.redeliver(server, PollTests.id)
        },
    ]

    @Test("each mistake of the client, and the replies of ended jobs")
    func mistakes() async throws {
        let faults: JSONValue = ["lines": [["fault": "error", "status": 400]]]
        try await Outside.with(["MAX_BATCH_SIZE": "5"], faults: faults) { server, outside, database in
            try await PollTests.makeJob(database)
            for provocation in Self.requests where provocation.code != .requestTimeout {
                Self.expect(try await provocation.ask(server, outside.imagesURL, database), provocation)
            }
        }
    }

    @Test("C3: requests that arrive too slowly")
    func tooSlow() async throws {
        let slow = Self.requests.filter { $0.code == .requestTimeout }
        #expect(slow.count == 2)
        let short: @Sendable (inout Config) -> Void = { config in
            config.http.headSeconds = 0.2
            config.http.bodyPauseSeconds = 0.2
        }
        try await TestServer.with(tune: short) { server, database in
            for provocation in slow { Self.expect(try await provocation.ask(server, "", database), provocation) }
        }
    }

    @Test("C3.1: too many requests")
    func rate() async throws {
        try await TestServer.with(["RATE_LIMIT_POLL": "1"]) { server, _ in
            _ = try await server.send("GET", "/api/v1/nothing")
            let reply = try await server.send("GET", "/api/v1/batch-jobs")
            Self.expect(reply, .rateLimitExceeded, ["retry_after"])
        }
    }

    @Test("C4.5: OpenAI is unreachable")
    func unreachable() async throws {
        try await Outside.with(["OPENAI_BASE_URL": "http://127.0.0.1:9/v1"]) { server, outside, _ in
            let reply = try await server.generate(Self.lots(Self.lot(Self.image(outside.imagesURL + "/car/1.jpg"))))
            Self.expect(reply, .openAIUnavailable, ["retry_after"])
        }
    }

    @Test("C2.6, C4.5: OpenAI takes too long: 504 before the client gives up")
    func late() async throws {
        try await Outside.with(responseSeconds: 60, tune: { $0.synchronousSeconds = 7 }) { server, outside, _ in
            // OpenAI would answer 200 after a minute.
            let reply = try await server.generate(Self.lots(Self.lot(Self.image(outside.imagesURL + "/car/1.jpg"))))
            Self.expect(reply, .openAITimeout)
        }
    }

    @Test("C4.5: the database is down: at once")
    func databaseAway() async throws {
        let server = try await TestServer.start(database: "postgresql://nobody@127.0.0.1:9/none")
        for path in ["/api/v1/batch-status/:job", Self.results, Self.results + "/download"] {
            let quickest = try await quickestOfThree {
                Self.expect(try await server.poll(path, job: PollTests.id), .serviceUnavailable, ["retry_after"])
            }
            #expect(quickest < .seconds(2))
        }
        let cancel = try await server.poll(Self.cancel, job: PollTests.id, method: "POST")
        Self.expect(cancel, .serviceUnavailable, ["retry_after"])
        let list = try await server.send("GET", "/api/v1/batch-jobs", signed: "/api/v1/batch-jobs")
        Self.expect(list, .serviceUnavailable, ["retry_after"])
        Self.expect(try await server.send("GET", "/health/ready"), .serviceUnavailable, ["retry_after"])
        await server.stop()
    }

    @Test("C4.1: an unexpected error is 500 and reveals no internals")
    func unforeseen() async throws {
        try await TestServer.with { server, database in
            try await onDatabase(database) { try await $0.execute("DROP TABLE batch_jobs CASCADE") }
            let reply = try await server.poll("/api/v1/batch-status/:job", job: PollTests.id)
            Self.expect(reply, .internalError)
            #expect(!reply.text.contains("batch_jobs") && !reply.text.contains("42P01"))
        }
    }

    @Test("the tests cover every error and every status of the document's table")
    func complete() throws {
        // From the tests above, plus the code that needs two simultaneous requests, in IdempotencyTests.
        let elsewhere: [ServiceError.Code] = [
            .rateLimitExceeded, .openAIUnavailable, .openAITimeout, .serviceUnavailable, .internalError,
            .requestInProgress,
        ]
        let provoked = Set(Self.requests.map(\.code) + elsewhere)
        #expect(Set(ServiceError.Code.allCases).subtracting(provoked).isEmpty)
        let document = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/generation-service-api-v2.md")
        let text = try String(contentsOf: document, encoding: .utf8)
        let table = text.split(separator: "### HTTP коды ошибок")[1].split(separator: "###")[0]
        let statuses = table.matches(of: /\| \*\*(\d+)\*\* \|/).compactMap { Int($0.1) }
        #expect(statuses.count == 15)
        let promised = Set(statuses.filter { $0 > 201 })
        #expect(promised.subtracting(provoked.map(\.status)).isEmpty)
    }

    // MARK: The form

    private static func expect(_ reply: TestServer.Reply, _ provocation: Provocation) {
        expect(reply, provocation.code, provocation.more, "\(provocation.rule) \(provocation.code.rawValue)")
    }

    private static func expect(
        _ reply: TestServer.Reply, _ code: ServiceError.Code, _ more: [String] = [], _ what: String = ""
    ) {
        #expect(reply.status == code.status && reply.code == code.rawValue, "\(what): \(reply.head)\(reply.text)")
        #expect(reply.members == ["error", "message", "code", "request_id"] + more, "\(what)")
        #expect(APIContract().problems(of: reply.json, as: code.schemaName) == [], "\(what)")
        #expect(reply.header("Content-Type") == "application/json", "\(what)")
        #expect(reply.json["error"]?.string == code.title, "\(what)")
        #expect(reply.json["message"]?.string?.isEmpty == false, "\(what)")
        let id = reply.header("X-Request-ID")
        #expect(id?.isEmpty == false && reply.json["request_id"]?.string == id, "\(what)")
        #expect((reply.header("Allow") != nil) == (code.status == 405), "\(what)")
        // A known retry time is in the head and in the body.
        let seconds = (reply.json["retry_after"] ?? reply.json["details"]?["retry_after"])?.int
        #expect(reply.header("Retry-After").flatMap { Int($0) } == seconds, "\(what)")
        if [429, 503].contains(code.status) { #expect((seconds ?? 0) > 0, "\(what)") }
    }
}
