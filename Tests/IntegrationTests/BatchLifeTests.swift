// Whole batches through a server process and the simulators: descriptions equal the prediction, beyond mere presence.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("A batch from the request to the webhook", .timeLimit(.minutes(4)), .serialized)
struct BatchLifeTests {
    /// A lot with two images; every seventh has a third one that is missing, every 50th has no usable one.
    struct SampleLot {
        let number: Int
        let good: [String]
        let missing: [String]

        init(_ number: Int, images: String) {
            self.number = number
            let fails = number % 50 == 49
            good = fails ? [] : (1...2).map { "\(images)/car/\(number)/\($0).jpg" }
            missing = fails || number % 7 == 3 ? ["\(images)/missing/\(number).jpg"] : []
        }

        var id: String { "lot-\(number)" }

        func json(webhook: String?) -> JSONValue {
            [
                "lot_id": .string(id), "webhook": JSONValue(webhook),
                "additional_info": .string("Car \(number), «повреждение» \u{1F697}"),
                "images": .array((good + missing).map { ["url": .string($0)] }),
            ]
        }

        func expected(languages: [String]) -> JSONValue {
            let english = SimulatedAnswer.text(imageURLs: good)
            return .array(
                languages.map { language in
                    let text = language == "en" ? english : SimulatedAnswer.text(english: english, language: language)
                    return ["language": .string(language), "damages": .string(text)]
                })
        }
    }

    static let languages = ["ru", "en", "de"]

    @Test("C2.4, C2.5, C5.1, C5.2, C6.1: 500 lots in three languages through a kill -9, each as predicted")
    func fiveHundredLots() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 1.5
        try await World.run(openAI: options) { world in
            let lots = (0..<500).map { SampleLot($0, images: world.images.baseURL) }
            let hooks = ["/ok/a", "/fail/1/b"].map { world.webhooks.baseURL + $0 }
            let reply = try await world.client.generate(
                lots.map { $0.json(webhook: hooks[$0.number % 2]) }, languages: Self.languages)
            #expect(reply.status == 201)
            let job = try #require(reply.json["job_id"]?.string)
            try await crashDuringBothStages(job, world)
            try await world.until("the job is completed") {
                try await world.client.status(job)["status"] == "completed"
            }
            try await checkStatus(job, world)
            try await checkResults(job, lots, world)
            try await checkWebhooks(job, lots, world)
            #expect(world.openAI.doubleSubmissions.isEmpty)
            #expect(world.openAI.linesPaidTwice.isEmpty)
            try await checkDocumentQueries(job, world)
        }
    }

    /// Once during the vision batch, once during translation.
    private func crashDuringBothStages(_ job: String, _ world: World) async throws {
        for batches in 1...2 {
            try await world.until("batch \(batches) is there") { world.openAI.batches.count >= batches }
            try await world.crashAndRestart()
        }
    }

    private func checkStatus(_ job: String, _ world: World) async throws {
        let status = try await world.client.status(job)
        #expect(status["progress"]?["total_lots"] == 500)
        #expect(status["progress"]?["processed_lots"] == 500)
        #expect(status["progress"]?["failed_lots"] == 10)
        #expect(status["progress"]?["completion_percentage"] == .double(100))
        #expect(status["progress"]?["estimated_completion"] == .null)
        #expect(status["processing_details"]?["current_stage"] == "done")
        #expect(status["processing_details"]?["openai_vision_batch_id"]?.string?.hasPrefix("batch_") == true)
        #expect(status["processing_details"]?["openai_translation_batch_id"]?.string?.hasPrefix("batch_") == true)
        #expect(status["error_message"] == .null)
        #expect((status["usage"]?["input_tokens"]?.int ?? 0) > 0)
    }

    private func checkResults(_ job: String, _ lots: [SampleLot], _ world: World) async throws {
        let results = try await world.client.results(job)
        #expect(results.status == 200)
        #expect(results.json["processing_summary"]?["total_images_processed"] == .int(490 * 2))
        let got = try #require(results.json["results"]?["lots"]?.array)
        #expect(got.count == lots.count)
        for (lot, result) in zip(lots, got) {
            #expect(result["lot_id"] == .string(lot.id))
            #expect(result["missing_images"] == JSONValue(lot.missing))
            #expect(result["processed_images"] == .int(lot.good.count))
            #expect(result["processed_at"]?.string?.hasSuffix("Z") == true)
            if lot.good.isEmpty {
                #expect(result["status"] == "failed")
                #expect(result["error"]?.string?.isEmpty == false)
                #expect(result["descriptions"] == [])
            } else {
                #expect(result["status"] == "completed")
                #expect(result["descriptions"] == lot.expected(languages: Self.languages))
            }
        }
    }

    private func checkWebhooks(_ job: String, _ lots: [SampleLot], _ world: World) async throws {
        try await world.webhooks.wait(for: 2)
        let first = try #require(world.webhooks.deliveries(path: "/ok/a").first)
        #expect(first.signatureIsValid == true)
        #expect(first.standardSignatureIsValid == true)
        #expect(first.header("X-Delivery-Attempt") == "1")
        #expect(first.header("X-Job-ID") == job)
        #expect(first.header("User-Agent") == "Generation-Service/2.0")
        let body = try JSONValue.parse(first.body)
        #expect(body["event"] == "batch_job_completed")
        #expect(body["status"] == "completed")
        let told = body["lots"]?.array?.compactMap { $0["lot_id"]?.string }
        #expect(told == lots.filter { $0.number % 2 == 0 }.map(\.id))
        #expect(world.webhooks.deliveries(path: "/ok/a").count == 1)
    }

    private func checkDocumentQueries(_ job: String, _ world: World) async throws {
        let deliveries = try await world.database.query(
            Statement(
                "document_deliveries",
                """
                SELECT id, batch_job_id, webhook_url, status, attempt_count, created_at, last_attempt_at, delivered_at,
                    error_message
                FROM webhook_deliveries WHERE batch_job_id = '\(job)' ORDER BY webhook_url
                """))
        #expect(deliveries.count == 2)
        let statistics = try await world.database.query(
            Statement(
                "document_statistics",
                """
                SELECT status, COUNT(*) as count, AVG(attempt_count)::float8 as avg_attempts
                FROM webhook_deliveries WHERE created_at >= NOW() - INTERVAL '24 hours' GROUP BY status
                """))
        #expect(statistics.isEmpty == false)
        let jobs = try await world.database.query(
            Statement(
                "document_jobs",
                """
                SELECT status, COUNT(*) as count,
                    AVG(EXTRACT(EPOCH FROM (updated_at - created_at)))::float8 as avg_duration_seconds
                FROM batch_jobs WHERE created_at >= NOW() - INTERVAL '24 hours' GROUP BY status
                """))
        #expect(jobs.map { $0.text(0) } == ["completed"])
    }

    @Test("C6.2: a failing receiver is tried again after the wait, with the same bytes")
    func webhookRetry() async throws {
        try await World.run(settings: ["WEBHOOK_RETRY_BASE": "0.2"]) { world in
            let lot = SampleLot(1, images: world.images.baseURL)
            let reply = try await world.client.generate([lot.json(webhook: world.webhooks.baseURL + "/fail/2/x")])
            #expect(reply.status == 201)
            try await world.webhooks.wait(for: 3, path: "/fail/2/x")
            let attempts = world.webhooks.deliveries(path: "/fail/2/x")
            #expect(attempts.map { $0.header("X-Delivery-Attempt") } == ["1", "2", "3"])
            #expect(Set(attempts.map(\.body)).count == 1)
            #expect(attempts.allSatisfy { $0.signatureIsValid == true })
            try await world.until("the delivery is booked") {
                try await world.database.query(
                    Statement("delivered", "SELECT 1 FROM webhook_deliveries WHERE status = 'delivered'")
                ).count == 1
            }
            let booked = try await world.database.query(
                Statement("attempts", "SELECT attempt, http_status FROM webhook_attempts ORDER BY attempt"))
            #expect(booked.map { $0.int(1) } == [500, 500, 200])
        }
    }

    @Test("C4.3: cancelling cancels the provider's batch, notifies the receivers, and stops the costs")
    func cancel() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 3600
        try await World.run(openAI: options) { world in
            let lots = (0..<5).map { SampleLot($0, images: world.images.baseURL) }
            let reply = try await world.client.generate(
                lots.map { $0.json(webhook: world.webhooks.baseURL + "/ok/c") }, languages: ["en"])
            let job = try #require(reply.json["job_id"]?.string)
            try await world.until("the batch is there") {
                try await world.client.status(job)["processing_details"]?["openai_vision_batch_id"]?.string != nil
            }
            let cancelled = try await world.client.cancel(job)
            #expect(cancelled.status == 200)
            #expect(cancelled.json["status"] == "cancelled")
            #expect(try await world.client.cancel(job).status == 409)
            try await world.until("the provider's batch is cancelled") {
                _ = await world.openAI.state()
                return world.openAI.batches.allSatisfy { [.cancelling, .cancelled].contains($0.status) }
            }
            try await world.webhooks.wait(for: 1, path: "/ok/c")
            let body = try JSONValue.parse(try #require(world.webhooks.deliveries(path: "/ok/c").first).body)
            #expect(body["event"] == "batch_job_cancelled")
            #expect(body["lots"]?.array?.count == 5)
            let results = try await world.client.results(job)
            #expect(results.status == 409)
            #expect(results.json["code"] == "JOB_CANCELLED")
            #expect(world.openAI.requests("POST /v1/batches") == 1)
        }
    }

    @Test("C5.6: a job in English alone needs no translation batch")
    func englishOnly() async throws {
        try await World.run { world in
            let lots = (0..<3).map { SampleLot($0, images: world.images.baseURL) }
            let reply = try await world.client.generate(
                lots.map { $0.json(webhook: world.webhooks.baseURL + "/ok/d") })
            let job = try #require(reply.json["job_id"]?.string)
            try await world.until("the job is completed") {
                let status = try await world.client.status(job)["status"]?.string
                #expect(status != "translating")
                return status == "completed"
            }
            let status = try await world.client.status(job)
            #expect(status["processing_details"]?["openai_translation_batch_id"] == .null)
            #expect(world.openAI.requests("POST /v1/batches") == 1)
        }
    }

    @Test("C5.1: a batch whose creation got no reply is found again instead of made twice")
    func lostReply() async throws {
        try await World.run { world in
            try world.openAI.setFaults(
                JSONValue.parse(
                    Array(#"{"routes":[{"route":"POST /v1/batches","fault":"lost_reply","times":1}]}"#.utf8)))
            let lots = (0..<4).map { SampleLot($0, images: world.images.baseURL) }
            let reply = try await world.client.generate(
                lots.map { $0.json(webhook: world.webhooks.baseURL + "/ok/e") })
            let job = try #require(reply.json["job_id"]?.string)
            try await world.until("the job is completed") {
                try await world.client.status(job)["status"] == "completed"
            }
            #expect(world.openAI.requests("POST /v1/batches") == 1)
            #expect(world.openAI.doubleSubmissions.isEmpty)
        }
    }
}
