// Faults of OpenAI in a batch's lines, batches and requests: every lot ends once, in the right state.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Batches under faults", .timeLimit(.minutes(4)), .serialized)
struct BatchFaultTests {
    static func options(_ faults: String, seconds: Double = 0.3) throws -> OpenAIOptions {
        var options = OpenAIOptions()
        options.batchSeconds = seconds
        options.faults = try JSONValue.parse(Array(faults.utf8))
        return options
    }

    @Test("C5.4: missing, doubled, unknown, refused, cut, broken, hostile and blank lines")
    func lines() async throws {
        let options = try Self.options(
            """
            {"lines": [
                {"fault": "missing", "contains": "/car/1/", "times": 1}, {"fault": "doubled", "contains": "/car/2/"},
                {"fault": "unknown_id", "contains": "/car/4/"}, {"fault": "refusal", "contains": "/car/5/"},
                {"fault": "incomplete", "contains": "/car/6/", "times": 1},
                {"fault": "error", "status": 500, "contains": "/car/8/", "times": 1},
                {"fault": "invalid_json", "contains": "/car/9/", "times": 1},
                {"fault": "hostile_html", "contains": "/car/11/"},
                {"fault": "error", "status": 429, "contains": "/car/12/", "times": 1},
                {"fault": "incomplete", "contains": "Car 13,"},
                {"fault": "blank_html", "contains": "/car/14/", "times": 1},
                {"fault": "error", "status": 400, "contains": "/car/15/"}]}
            """)
        try await World.run(openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4, 5, 6, 8, 9, 11, 12, 13, 14, 15])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots where ![5, 11, 13, 15].contains(lot.number) {
                #expect(results[lot.id]?["status"] == "completed", "\(lot.id)")
                #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"]), "\(lot.id)")
            }
            let hostile = SimulatedAnswer.hostile(SimulatedAnswer.text(imageURLs: lots[8].good))
            let cleaned = results["lot-11"]?["descriptions"]?.array?.first?["damages"]?.string
            #expect(cleaned == DamageHTML.clean(hostile))
            #expect(cleaned?.contains("script") == false && cleaned?.contains("onclick") == false)
            for (number, word) in [(5, "refused"), (13, "cut short"), (15, "400")] {
                let lot = results["lot-\(number)"]
                #expect(lot?["status"] == "failed")
                #expect(lot?["error"]?.string?.contains(word) == true, "\(lot?.text ?? "-")")
            }
            let status = try await world.client.status(job)
            #expect(status["progress"]?["failed_lots"] == 3)
            #expect(status["error_message"] == .null)
            try await world.expectSoundBooks(job)
            // At most three rounds.
            #expect(world.openAI.requests("POST /v1/batches") == 3)
        }
    }

    @Test("C5.4: an image that OpenAI cannot download goes inline in the next round")
    func inlineCure() async throws {
        let options = try Self.options(#"{"fail_image_substring": "/car/2/"}"#)
        try await World.run(openAI: options) { world in
            let lots = world.lots([0, 1, 2])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            #expect(results["lot-1"]?["descriptions"] == lots[1].expected(languages: ["en"]))
            let keys = [1, 2].compactMap { ImagesSimulator.picture(path: "/car/2/\($0).jpg") }.map {
                SimulatedAnswer.imageKey(bytes: $0)
            }
            let inlined = results["lot-2"]?["descriptions"]?.array?.first?["damages"]?.string
            #expect(inlined == SimulatedAnswer.text(imageKeys: keys))
            #expect(try await world.client.status(job)["progress"]?["failed_lots"] == 0)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: the last attempt sends the images inline, after any error")
    func lastAttempt() async throws {
        let options = try Self.options(
            #"{"lines": [{"fault": "error", "status": 500, "contains": "Car 2,", "times": 2}]}"#)
        try await World.run(openAI: options) { world in
            let job = try await world.submit(world.lots([0, 1, 2]))
            try await world.waitUntil(job, "completed")
            let keys = [1, 2].compactMap { ImagesSimulator.picture(path: "/car/2/\($0).jpg") }.map {
                SimulatedAnswer.imageKey(bytes: $0)
            }
            let text = try await world.results(of: job)["lot-2"]?["descriptions"]?.array?.first?["damages"]?.string
            #expect(text == SimulatedAnswer.text(imageKeys: keys))
            #expect(world.openAI.batches.map(\.lines) == [2, 1, 1])
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: a batch that cannot be split waits for a full queue with the same file")
    func fullQueue() async throws {
        let options = try Self.options(
            #"{"batches": [{"fault": "fail", "code": "token_limit_exceeded", "times": 2}]}"#)
        try await World.run(openAI: options) { world in
            let lots = world.lots([1])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            #expect(try await world.results(of: job)["lot-1"]?["descriptions"] == lots[0].expected(languages: ["en"]))
            #expect(world.openAI.requests("POST /v1/batches") == 3)
            #expect(world.openAI.requests("POST /v1/files") == 1)
            #expect(try await world.client.status(job)["error_message"] == .null)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: an expired batch keeps what it finished; a failed one is created again with the same file")
    func batches() async throws {
        let options = try Self.options(
            """
            {"batches": [{"fault": "expire", "fraction": 0.5, "times": 1},
                {"fault": "fail", "code": "server_error", "times": 1}]}
            """)
        try await World.run(openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4, 5, 6, 7])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(world.openAI.requests("POST /v1/batches") == 3)
            #expect(world.openAI.requests("POST /v1/files") == 2)
            try await world.expectSoundBooks(job)
            let ids = try await world.client.status(job)["processing_details"]?["openai_vision_batch_ids"]?.array
            #expect(ids?.count == 3)
            #expect(try await world.client.status(job)["error_message"] == .null)
        }
    }

    @Test("C4.4, C5.3, C6.1: a job without any description has failed, keeps its stage and has its reason")
    func nothingProduced() async throws {
        let options = try Self.options(#"{"lines": [{"fault": "error", "status": 400}]}"#)
        try await World.run(openAI: options) { world in
            let job = try await world.submit(world.lots([0, 1, 2]), languages: ["ru", "en"])
            try await world.waitUntil(job, "failed")
            let status = try await world.client.status(job)
            #expect(status["processing_details"]?["current_stage"] == "vision_analysis")
            #expect(status["progress"]?["failed_lots"] == 3)
            #expect(status["error_message"]?.string?.contains("400") == true)
            let results = try await world.client.results(job)
            #expect(results.status == 409)
            #expect(results.json["code"] == "JOB_FAILED")
            try await world.webhooks.wait(for: 1, path: "/ok/faults")
            let body = try JSONValue.parse(try #require(world.webhooks.deliveries.first).body)
            #expect(body["event"] == "batch_job_failed")
            #expect(body["lots"]?.array?.allSatisfy { $0["status"] == "failed" } == true)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.1: refused, broken or unanswered requests cost time, not money")
    func routes() async throws {
        let options = try Self.options(
            """
            {"routes": [
                {"route": "POST /v1/responses", "fault": "status", "status": 503, "times": 1},
                {"route": "POST /v1/files", "fault": "status", "status": 500, "times": 1},
                {"route": "POST /v1/files", "fault": "status", "status": 429, "retry_after": 0.2, "times": 1},
                {"route": "POST /v1/files", "fault": "lost_reply", "times": 1},
                {"route": "GET /v1/files", "fault": "status", "status": 500, "times": 1},
                {"route": "POST /v1/batches", "fault": "status", "status": 429, "retry_after": 0.2, "times": 1},
                {"route": "POST /v1/batches", "fault": "lost_reply", "times": 1},
                {"route": "GET /v1/batches", "fault": "status", "status": 500, "times": 1},
                {"route": "GET /v1/batches/{id}", "fault": "status", "status": 500, "times": 1},
                {"route": "GET /v1/batches/{id}", "fault": "status", "status": 429, "times": 1},
                {"route": "GET /v1/files/{id}/content", "fault": "truncated", "times": 1}]}
            """)
        try await World.run(openAI: options) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(world.openAI.batches.count == 1)
            #expect(try await world.client.status(job)["error_message"] == .null)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C8: a removed model is replaced by the next one, in both stages")
    func modelGone() async throws {
        let options = try Self.options(#"{"shutdown": ["o4-mini", "gpt-4.1-mini"]}"#)
        try await World.run(openAI: options) { world in
            let lots = world.lots([0, 1, 2])
            let job = try await world.submit(lots, languages: ["ru", "en"])
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["ru", "en"])) }
            #expect(world.openAI.requests("POST /v1/batches") == 2)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C2.4, C4.4: lots that failed in vision are not translated; a lot that fails in translation fails alone")
    func partlyTranslated() async throws {
        try await World.run(openAI: Self.options("{}")) { world in
            let lots = world.lots([0, 1, 2, 4])
            // Only its translation has the digest of lot 2's English text.
            let digest = SimulatedAnswer.text(imageURLs: lots[2].good).dropLast(4).suffix(12)
            try world.setFaults(
                """
                {"lines": [{"fault": "refusal", "contains": "/car/1/"}, {"fault": "refusal", "contains": "\(digest)"}]}
                """)
            let job = try await world.submit(lots, languages: ["en", "de"])
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            #expect(results["lot-1"]?["status"] == "failed")
            #expect(results["lot-2"]?["status"] == "failed")
            for lot in [lots[0], lots[3]] {
                #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en", "de"]))
            }
            // The lot sent ahead took one of the three.
            #expect(world.openAI.batches.last?.lines == 2)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C2.1: one lot with a webhook is a job of one line, without a lot sent ahead")
    func oneLot() async throws {
        try await World.run(openAI: Self.options("{}")) { world in
            let lots = world.lots([1])
            let job = try await world.submit(lots, languages: ["EN", "ru"])
            try await world.waitUntil(job, "completed")
            let languages = try await world.results(of: job)["lot-1"]?["descriptions"]?.array?.map { $0["language"] }
            #expect(languages == ["EN", "ru"])
            #expect(world.openAI.requests("POST /v1/responses") == 0)
            try await world.expectSoundBooks(job)
        }
    }
}
