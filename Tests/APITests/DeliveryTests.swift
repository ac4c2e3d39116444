// Lists a job's webhook deliveries and sends them again, over a live socket. The background is off, so nothing is sent.
import Engine
import Server
import TestSupport
import Testing

@Suite("Webhook deliveries", .timeLimit(.minutes(2)))
struct DeliveryTests {
    private static let job = PollTests.id
    private static let list = "/api/v1/batch-jobs/:job/webhook-deliveries"

    private static func delivery(_ number: Int) -> String { "00000000-0000-4000-8000-00000000000\(number)" }

    static func redeliver(_ server: TestServer, _ id: String) async throws -> TestServer.Reply {
        try await server.send("POST", "/api/v1/webhook-deliveries/\(id)/redeliver", signed: id)
    }

    /// A completed job with a delivered, a failed and a waiting delivery, and one in progress.
    private static func makeDeliveries(_ database: String) async throws {
        try await PollTests.makeJob(database, status: "completed")
        try await onDatabase(database) { session in
            try await session.execute(
                """
                INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, status, event, attempt_count, created_at,
                    last_attempt_at, delivered_at, next_attempt_at, error_message, claimed_by, positions)
                SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, '\(job)', 'https://a.test/?to=' || n, status,
                    'batch_job_completed', attempts, '2026-01-02T03:04:05.9Z', '2026-01-02T03:05:00Z',
                    delivered::timestamptz, '2026-01-02T03:06:00.5Z', message, claimed::uuid, ARRAY[10 - n, 10]
                FROM (VALUES (1, 'delivered', 2, '2026-01-02T03:05:00Z', NULL, NULL),
                    (2, 'failed', 5, NULL, 'HTTP 500', NULL), (3, 'pending', 1, NULL, 'HTTP 500', NULL),
                    (4, 'pending', 0, NULL, NULL, '\(job)')) AS d (n, status, attempts, delivered, message, claimed);
                INSERT INTO webhook_attempts VALUES
                    ('\(delivery(1))', 2, '2026-01-02T03:04:59Z', '2026-01-02T03:05:00Z', 200, NULL),
                    ('\(delivery(1))', 1, '2026-01-02T03:04:06Z', '2026-01-02T03:04:07Z', NULL, 'a.test: no'),
                    ('\(delivery(4))', 1, '2026-01-02T03:04:06Z', NULL, NULL, NULL);
                """)
        }
    }

    @Test("C6.3: deliveries in the order of their first lots, with their attempts and times as the service prints them")
    func list() async throws {
        try await TestServer.with { server, database in
            try await Self.makeDeliveries(database)
            let reply = try await server.poll(Self.list, job: Self.job)
            #expect(reply.status == 200 && reply.members == ["job_id", "deliveries"])
            #expect(reply.json["job_id"] == .string(Self.job))
            let found = try #require(reply.json["deliveries"]?.array)
            #expect(found.map { $0["id"]?.string } == [4, 3, 2, 1].map { Self.delivery($0) })
            let attempts: JSONValue = [
                [
                    "attempt": 1, "started_at": "2026-01-02T03:04:06Z", "ended_at": "2026-01-02T03:04:07Z",
                    "http_status": nil, "error": "a.test: no",
                ],
                [
                    "attempt": 2, "started_at": "2026-01-02T03:04:59Z", "ended_at": "2026-01-02T03:05:00Z",
                    "http_status": 200, "error": nil,
                ],
            ]
            let delivered: JSONValue = [
                "id": .string(Self.delivery(1)), "batch_job_id": .string(Self.job),
                "webhook_url": "https://a.test/?to=1", "event": "batch_job_completed", "status": "delivered",
                "attempt_count": 2, "created_at": "2026-01-02T03:04:05Z", "last_attempt_at": "2026-01-02T03:05:00Z",
                "delivered_at": "2026-01-02T03:05:00Z", "next_attempt_at": nil, "error_message": nil,
                "attempts": attempts,
            ]
            #expect(found.last == delivered)
            // Only a waiting delivery has a time of the next attempt.
            #expect(found.map { $0["next_attempt_at"]?.string } == [nil, "2026-01-02T03:06:00Z", nil, nil])
            #expect(found[0]["attempts"]?.array?.first?["ended_at"] == .null)
            #expect(found[2]["error_message"] == "HTTP 500" && found[2]["attempts"] == [])
        }
    }

    @Test("C6.3: a job may have as many deliveries as lots; a list has the latest hundred attempts of each")
    func pages() async throws {
        try await TestServer.with { server, database in
            try await PollTests.makeJob(database, status: "completed")
            #expect(try await server.poll(Self.list, job: Self.job).json["deliveries"] == [])
            for count in [DeliveryPage.rows, 2 * DeliveryPage.rows + 50] {
                try await onDatabase(database) { session in
                    try await session.execute(
                        """
                        TRUNCATE webhook_deliveries, webhook_attempts;
                        INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, event, positions)
                            SELECT gen_random_uuid(), '\(Self.job)', 'http://' || n || '/' || repeat('x', 5000), 'e',
                                ARRAY[n] FROM generate_series(0, \(count) - 1) AS n;
                        INSERT INTO webhook_attempts SELECT id, n, now(), now(), 500, 'HTTP 500'
                            FROM webhook_deliveries, generate_series(1, 130) AS n WHERE first_position = 7
                        """)
                }
                let reply = try await server.poll(Self.list, job: Self.job)
                let found = try #require(reply.json["deliveries"]?.array)
                let hosts = found.map { $0["webhook_url"]?.string?.split(separator: "/")[1] }
                #expect(hosts == (0..<count).map { "\($0)" })
                let numbers = found[7]["attempts"]?.array?.map { $0["attempt"]?.int }
                #expect(numbers == Array(31...130))
            }
            let head = try await server.poll(Self.list, job: Self.job, method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test("C6.3: an ended delivery restarts once; a pending or unknown one does not")
    func redeliver() async throws {
        try await TestServer.with { server, database in
            try await Self.makeDeliveries(database)
            for number in [1, 2] {
                let id = Self.delivery(number)
                let replies = try await onLoop { loop in
                    try await loop.gather(Array(0..<8)) { _ in try await Self.redeliver(server, id) }
                }
                #expect(replies.count { $0.status == 202 } == 1)
                #expect(replies.count { $0.status == 409 && $0.code == "DELIVERY_PENDING" } == 7)
                let reply = try #require(replies.first { $0.status == 202 })
                #expect(reply.members == ["id", "batch_job_id", "status", "message"])
                #expect(reply.json["id"] == .string(id) && reply.json["batch_job_id"] == .string(Self.job))
                #expect(reply.json["status"] == "pending")
            }
            #expect(try await Self.redeliver(server, Self.delivery(3)).code == "DELIVERY_PENDING")
            #expect(try await Self.redeliver(server, Self.delivery(4)).code == "DELIVERY_PENDING")
            for unknown in [Self.delivery(5), "nonsense", "%41"] {
                let reply = try await Self.redeliver(server, unknown)
                #expect(reply.status == 404 && reply.code == "DELIVERY_NOT_FOUND")
            }
            let rows = try await onDatabase(database) { session in
                try await session.query(
                    Statement(
                        "t_redelivered",
                        """
                        SELECT concat_ws(' ', d.status, attempt_count, attempts_before, delivered_at, error_message,
                            next_attempt_at <= now(), e.event, e.detail)
                        FROM webhook_deliveries d LEFT JOIN job_events e ON e.job_id = d.batch_job_id
                            AND e.detail = 'delivery ' || d.id
                        ORDER BY d.id
                        """)
                ).map { $0.text(0) }
            }
            #expect(rows[0] == "pending 2 2 t redelivery delivery \(Self.delivery(1))")
            #expect(rows[1] == "pending 5 5 t redelivery delivery \(Self.delivery(2))")
            #expect(rows[2] == "pending 1 0 HTTP 500 t" && rows.count == 4)
        }
    }

    @Test("C1.5, C1.7, C6.3: the signature covers the id in the path; nothing is revealed before it is checked")
    func signatures() async throws {
        try await TestServer.with { server, database in
            try await Self.makeDeliveries(database)
            let id = Self.delivery(1)
            for (method, path, right) in [
                ("GET", "/api/v1/batch-jobs/\(Self.job)/webhook-deliveries", Self.job),
                ("POST", "/api/v1/webhook-deliveries/\(id)/redeliver", id),
                ("POST", "/api/v1/webhook-deliveries/nonsense/redeliver", "nonsense"),
            ] {
                #expect(try await server.send(method, path).code == "MISSING_SIGNATURE")
                #expect(try await server.send(method, path, signed: "x").code == "INVALID_SIGNATURE")
                #expect(try await server.send(method, path, signed: right + "x").code == "INVALID_SIGNATURE")
            }
            #expect(try await server.poll(Self.list, job: Self.delivery(9)).code == "JOB_NOT_FOUND")
            #expect(try await server.poll(Self.list, job: "nonsense").code == "JOB_NOT_FOUND")
            let wrong = try await server.send("GET", "/api/v1/webhook-deliveries/\(id)/redeliver", signed: id)
            #expect(wrong.status == 405 && wrong.header("Allow") == "POST")
        }
    }
}
