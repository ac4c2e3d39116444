// Repeated deliveries, and a dead receiver among many (C6.3).
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Repeated webhooks, and dead receivers", .timeLimit(.minutes(4)), .serialized)
struct RedeliveryTests {
    private static func options() -> OpenAIOptions {
        var options = OpenAIOptions()
        options.batchSeconds = 0.2
        return options
    }

    @Test("C6.3: a failed delivery starts a new series at once, a delivered one is sent again: same id, same bytes")
    func redeliver() async throws {
        let settings = ["WEBHOOK_RETRY_BASE": "4", "WEBHOOK_MAX_RETRIES": "2"]
        try await World.run(settings: settings, openAI: Self.options()) { world in
            let path = "/fail/3/x"
            let job = try await world.submit(hooks: [world.webhooks.baseURL + path])
            try await world.waitForDeliveries(job, ended: 1)
            let failed = try await world.deliveries(of: job)[0]
            #expect(failed["status"] == "failed" && failed["attempt_count"] == 2)
            let id = try #require(failed["id"]?.string)

            #expect(try await world.client.redeliver(id).status == 202)
            try await world.webhooks.wait(for: 3, path: path)
            // The wait is the first of a series instead of the third.
            let waits = """
                SELECT extract(epoch FROM next_attempt_at - last_attempt_at)::float8 FROM webhook_deliveries
                WHERE attempt_count = 3 AND claimed_by IS NULL
                """
            try await world.until("the third attempt is booked") { try await world.rows(waits) == [["4"]] }
            #expect(try await world.client.redeliver(id).json["code"] == "DELIVERY_PENDING")
            try await world.waitForDeliveries(job, ended: 1)
            let delivered = try await world.deliveries(of: job)[0]
            #expect(delivered["status"] == "delivered" && delivered["attempt_count"] == 4)
            let statuses = delivered["attempts"]?.array?.map { $0["http_status"] }
            #expect(statuses == [500, 500, 500, 200])

            #expect(try await world.client.redeliver(id).status == 202)
            try await world.waitForDeliveries(job, ended: 1)
            #expect(try await world.deliveries(of: job)[0]["attempt_count"] == 5)
            let attempts = world.webhooks.deliveries(path: path)
            #expect(attempts.map { $0.header("X-Delivery-Attempt") } == ["1", "2", "3", "4", "5"])
            #expect(Set(attempts.map(\.body)).count == 1)
            #expect(Set(attempts.map { $0.header("webhook-id") }) == [id])
            #expect(attempts.allSatisfy { $0.signatureIsValid == true && $0.standardSignatureIsValid == true })
            let events = try await world.rows("SELECT detail FROM job_events WHERE event = 'redelivery'")
            #expect(events == [["delivery \(id)"], ["delivery \(id)"]])
        }
    }

    @Test("C6.3: one of a hundred receivers is dead: all others are notified while its first attempts still run")
    func deadReceiver() async throws {
        try await World.run(settings: ["WEBHOOK_TIMEOUT": "600"], openAI: Self.options()) { world in
            let site = try WebhooksSimulator.start(on: world.loop, host: "0.0.0.0")
            // Each address is a receiver; the dead one has most of the deliveries, including the first.
            let dead = (0..<300).map { "http://127.0.1.1:\(site.port)/hang/\($0)" }
            let others = (0..<99).map { "http://127.0.2.\($0 + 1):\(site.port)/ok/\($0)" }
            let job = try await world.submit(hooks: dead + others)
            try await world.waitForDeliveries(job, ended: others.count)
            let told = Set(site.deliveries.map(\.path).filter { $0.hasPrefix("/ok/") })
            #expect(told.count == others.count)
            let ended = try await world.rows(
                "SELECT DISTINCT status FROM webhook_deliveries WHERE attempt_count > 0")
            #expect(ended == [["delivered"]])
            let callsToDead = { site.deliveries.count { $0.path.hasPrefix("/hang/") } }
            try await world.until("the dead one has been called") { callsToDead() > 0 }
            // At most eight on each of two loops.
            #expect(callsToDead() <= 16)
            await site.close()
        }
    }

    @Test("C7: a webhook's address is checked at the connection, regardless of earlier checks")
    func forbiddenAddress() async throws {
        try await World.run(settings: ["WEBHOOK_MAX_RETRIES": "1"], openAI: Self.options()) { world in
            let site = try WebhooksSimulator.start(on: world.loop, host: "127.0.0.2")
            let job = try await world.submit(hooks: ["http://127.0.0.2:\(site.port)/ok/x"])
            try await world.waitForDeliveries(job, ended: 1)
            #expect(site.deliveries.count == 1)
            try await world.crashAndRestart(["ALLOWED_PRIVATE_NETWORKS": "127.0.0.1/32"])
            let id = try #require(try await world.deliveries(of: job)[0]["id"]?.string)
            #expect(try await world.client.redeliver(id).status == 202)
            try await world.waitForDeliveries(job, ended: 1)
            let delivery = try await world.deliveries(of: job)[0]
            #expect(delivery["status"] == "failed" && delivery["delivered_at"] == .null)
            #expect(delivery["error_message"]?.string?.contains("address is forbidden") == true)
            #expect(site.deliveries.count == 1)
            await site.close()
        }
    }

    @Test("C6.2: an outcome survives a loss of the database during the exchange")
    func databaseAway() async throws {
        try await World.run(openAI: Self.options()) { world in
            let job = try await world.submit(hooks: [world.webhooks.baseURL + "/held/x"])
            try await world.webhooks.wait(for: 1, path: "/held/x")
            // The database refuses connections until the answer has arrived and could not be booked.
            let name = String(world.databaseURL.split(separator: "?")[0].split(separator: "/").last ?? "")
            let elsewhere = try await TestDatabase.fresh()
            try await onDatabase(elsewhere) { session in
                try await session.execute("ALTER DATABASE \(name) ALLOW_CONNECTIONS false")
                try await session.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)'")
            }
            world.webhooks.letGo()
            try await world.until("the outcome waits") { world.log.contains("waits for the database") }
            try await onDatabase(elsewhere) { try await $0.execute("ALTER DATABASE \(name) ALLOW_CONNECTIONS true") }
            try await TestDatabase.drop(elsewhere)
            try await world.until("the delivery is booked") {
                (try? await world.deliveries(of: job).first?["status"]) == "delivered"
            }
            let delivery = try await world.deliveries(of: job)[0]
            #expect(delivery["attempt_count"] == 1)
            #expect(world.webhooks.deliveries(path: "/held/x").count == 1)
        }
    }
}

extension World {
    /// One lot per webhook.
    func submit(hooks: [String]) async throws -> String {
        let numbers = (0..<2000).lazy.filter { $0 % 7 != 3 && $0 % 50 != 49 }.prefix(hooks.count)
        let json = zip(lots(Array(numbers)), hooks).map { $0.json(webhook: $1) }
        let reply = try await client.generate(json)
        #expect(reply.status == 201)
        return try #require(reply.json["job_id"]?.string)
    }

    /// In the order of the lots that name their URLs.
    func deliveries(of job: String) async throws -> [JSONValue] {
        try await client.deliveries(job).json["deliveries"]?.array ?? []
    }

    /// Waits until `count` deliveries of a job have ended.
    func waitForDeliveries(_ job: String, ended count: Int) async throws {
        try await until("\(count) deliveries have ended") {
            try await self.deliveries(of: job).count { $0["status"] != "pending" } == count
        }
    }
}
