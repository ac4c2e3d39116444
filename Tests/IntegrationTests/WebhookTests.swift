// Webhooks from a real server to simulated receivers: contents, repeats and times (C6.1 to C6.3).
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Webhooks", .timeLimit(.minutes(4)), .serialized)
struct WebhookTests {
    private static let quickly: [String: String] = ["WEBHOOK_RETRY_BASE": "0.1", "WEBHOOK_MAX_RETRIES": "2"]

    private static func options() -> OpenAIOptions {
        var options = OpenAIOptions()
        options.batchSeconds = 0.2
        return options
    }

    @Test("C6.1: one delivery per URL, with exactly its own lots; lots without a webhook are not delivered")
    func ownLots() async throws {
        try await World.run(openAI: Self.options()) { world in
            // One receiver with two URLs, one of them too long for an index.
            let urls = ["/ok/a", "/ok/a?to=b", "/ok/long?" + (0..<400).map { "key\($0 * 7919)=" }.joined()].map {
                world.webhooks.baseURL + $0
            }
            let lots = world.lots(Array(0..<23).filter { $0 % 7 != 3 })
            let json = lots.enumerated().map { index, lot in
                index % 4 == 3 ? lot.json(webhook: nil) : lot.json(webhook: urls[index % 4])
            }
            let job = try #require(try await world.client.generate(json).json["job_id"]?.string)
            try await world.waitUntil(job, "completed")
            try await world.waitForDeliveries(job, ended: 3)
            let results = try await world.results(of: job)
            #expect(world.webhooks.deliveries.count == 3)
            #expect(Set(world.webhooks.deliveries.compactMap { $0.header("webhook-id") }).count == 3)
            for index in 0..<3 {
                let own = lots.enumerated().filter { $0.offset % 4 == index }.map(\.element.id)
                let delivery = world.webhooks.deliveries.first {
                    (try? JSONValue.parse($0.body))?["lots"]?.array?.first?["lot_id"]?.string == own[0]
                }
                let body = try JSONValue.parse(try #require(delivery).body)
                let told = body["lots"]?.array ?? []
                #expect(told.map { $0["lot_id"]?.string } == own)
                for lot in told {
                    let shown = results[lot["lot_id"]?.string ?? ""]
                    #expect(shown?["descriptions"] == lot["descriptions"])
                    #expect(shown?["missing_images"] == lot["missing_images"])
                }
                #expect(body["event"] == "batch_job_completed" && body["job_id"] == .string(job))
                #expect(body["processing_summary"]?["total_lots"] == .int(lots.count))
            }
        }
    }

    @Test("C6.1: a failed job is announced as batch_job_failed, a cancelled one as batch_job_cancelled")
    func events() async throws {
        try await World.run(openAI: Self.options()) { world in
            // The 49th of every fifty has no usable image.
            let failed = try await world.submit(world.lots([49, 99]), hook: "/ok/failed")
            try await world.waitUntil(failed, "failed")
            try await world.webhooks.wait(for: 1, path: "/ok/failed")
            let body = try JSONValue.parse(world.webhooks.deliveries(path: "/ok/failed")[0].body)
            #expect(body["event"] == "batch_job_failed" && body["status"] == "failed")
            #expect(body["error_message"]?.string?.isEmpty == false)
            #expect(body["processing_summary"]?["failed_lots"] == 2)
            #expect(body["lots"]?.array?.map { $0["status"] } == ["failed", "failed"])

            try world.setFaults(#"{"batches": [{"fault": "stuck"}]}"#)
            let cancelled = try await world.submit(world.lots([0, 1]), hook: "/ok/cancelled")
            #expect(try await world.client.cancel(cancelled).status == 200)
            try await world.webhooks.wait(for: 1, path: "/ok/cancelled")
            let other = try JSONValue.parse(world.webhooks.deliveries(path: "/ok/cancelled")[0].body)
            #expect(other["event"] == "batch_job_cancelled" && other["status"] == "cancelled")
            #expect(other["lots"]?.array?.map { $0["lot_id"] } == ["lot-0", "lot-1"])
        }
    }

    @Test("C6.2: only 200, 201 and 202 are success; redirects are not followed; a long answer is no failure")
    func statuses() async throws {
        try await World.run(settings: Self.quickly, openAI: Self.options()) { world in
            let good = ["/status/200", "/status/201", "/status/202", "/long/3000000"]
            let bad = [
                "/status/203", "/status/204", "/status/206", "/status/400", "/status/404", "/status/410", "/status/503",
                "/redirect/301", "/redirect/302", "/redirect/307", "/drop",
            ]
            let job = try await world.submit(hooks: (good + bad).map { world.webhooks.baseURL + $0 })
            try await world.waitForDeliveries(job, ended: good.count + bad.count)
            let deliveries = try await world.deliveries(of: job)
            for (path, delivery) in zip(good + bad, deliveries) {
                let isGood = good.contains(path)
                #expect(delivery["webhook_url"]?.string?.hasSuffix(path) == true)
                #expect(delivery["status"] == (isGood ? "delivered" : "failed"), "\(path)")
                #expect(delivery["attempt_count"] == (isGood ? 1 : 2), "\(path)")
                #expect(delivery["delivered_at"]?.isNull == !isGood && delivery["error_message"]?.isNull == isGood)
                #expect(delivery["next_attempt_at"] == .null)
                if let status = path.split(separator: "/").dropFirst().first.flatMap({ Int($0) }), !isGood {
                    #expect(delivery["error_message"] == .string("HTTP \(status)"))
                    #expect(delivery["attempts"]?.array?.map { $0["http_status"] } == [.int(status), .int(status)])
                }
                #expect(world.webhooks.deliveries(path: path).count == (isGood ? 1 : 2), "\(path)")
            }
            #expect(world.webhooks.deliveries(path: "/ok/redirected").isEmpty)
        }
    }

    @Test("C6.2: WEBHOOK_TIMEOUT covers the whole exchange, to the last byte of the answer")
    func timeouts() async throws {
        let settings = Self.quickly.merging(["WEBHOOK_TIMEOUT": "0.5"]) { $1 }
        try await World.run(settings: settings, openAI: Self.options()) { world in
            let paths = ["/hang/1", "/trickle/1", "/slow/3"]
            let job = try await world.submit(hooks: paths.map { world.webhooks.baseURL + $0 })
            try await world.waitForDeliveries(job, ended: paths.count)
            for delivery in try await world.deliveries(of: job) {
                #expect(delivery["status"] == "failed" && delivery["attempt_count"] == 2)
                #expect(delivery["error_message"]?.string?.contains("took too long") == true)
                #expect(delivery["attempts"]?.array?.allSatisfy { $0["http_status"]?.isNull == true } == true)
            }
            let spans = try await world.rows("SELECT extract(epoch FROM ended_at - started_at) FROM webhook_attempts")
            #expect(spans.count == 2 * paths.count)
            #expect(spans.allSatisfy { (Double($0[0]) ?? 0) >= 0.5 })
        }
    }

    @Test("C6.2: five attempts with doubled waits after the end of the one before, with the same bytes; then failed")
    func schedule() async throws {
        try await World.run(settings: ["WEBHOOK_RETRY_BASE": "0.2"], openAI: Self.options()) { world in
            let job = try await world.submit(hooks: [world.webhooks.baseURL + "/status/500/x"])
            try await world.waitForDeliveries(job, ended: 1)
            let attempts = world.webhooks.deliveries(path: "/status/500/x")
            #expect(attempts.map { $0.header("X-Delivery-Attempt") } == ["1", "2", "3", "4", "5"])
            #expect(Set(attempts.map(\.body)).count == 1)
            #expect(Set(attempts.map { $0.header("webhook-id") }).count == 1)
            #expect(attempts.allSatisfy { $0.signatureIsValid == true && $0.standardSignatureIsValid == true })
            let waits = try await world.rows(
                """
                SELECT extract(epoch FROM started_at - lag(ended_at) OVER (ORDER BY attempt))
                FROM webhook_attempts ORDER BY attempt
                """
            ).compactMap { Double($0[0]) }
            #expect(waits.count == 4)
            for (wait, expected) in zip(waits, [0.2, 0.4, 0.8, 1.6]) {
                // Never before its time. The delay depends on the machine. DeliveryScheduleTests has the schedule.
                #expect(wait >= expected, "\(waits)")
            }
            let delivery = try await world.deliveries(of: job)[0]
            #expect(delivery["status"] == "failed" && delivery["attempt_count"] == 5)
            #expect(delivery["attempts"]?.array?.map { $0["attempt"] } == [1, 2, 3, 4, 5])
        }
    }

    @Test("C6.2: a kill -9 between attempts keeps the schedule, a kill during an attempt repeats the attempt")
    func restart() async throws {
        try await World.run(settings: ["WEBHOOK_RETRY_BASE": "4"], openAI: Self.options()) { world in
            let job = try await world.submit(
                hooks: ["/fail/1/x", "/hang/x"].map { world.webhooks.baseURL + $0 })
            try await world.webhooks.wait(for: 1, path: "/hang/x")
            let due = "SELECT next_attempt_at FROM webhook_deliveries WHERE attempt_count = 1 AND claimed_by IS NULL"
            try await world.until("the first attempt is booked") { try await world.rows(due).count == 1 }
            let before = try await world.rows(due)
            try await world.crashAndRestart()
            // nil if the restart took longer than the wait; `early` below detects that too.
            let kept = try await world.rows(due)
            #expect(kept == before || kept.isEmpty)
            try await world.webhooks.wait(for: 2, path: "/fail/1/x")
            try await world.webhooks.wait(for: 2, path: "/hang/x")
            let attempts = ["/fail/1/x", "/hang/x"].map { path in
                world.webhooks.deliveries(path: path).map { $0.header("X-Delivery-Attempt") }
            }
            #expect(attempts == [["1", "2"], ["1", "1"]])
            let early = try await world.rows(
                """
                SELECT 1 FROM webhook_attempts WHERE attempt = 2 AND started_at < '\(before[0][0])'
                """)
            #expect(early.isEmpty)
            try await world.until("the one that came back is delivered") {
                try await world.deliveries(of: job)[0]["status"] == "delivered"
            }
        }
    }
}
