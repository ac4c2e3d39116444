// Whose fault an error of the provider is, seen from outside: what becomes of the job. Loop-bound.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Whose fault it is", .timeLimit(.minutes(4)), .serialized)
struct ProviderFaultTests {
    private func run(
        _ faults: String, settings: [String: String] = [:], lots numbers: [Int] = [0, 1, 2, 4],
        _ body: @escaping @Sendable (World, String, [World.SampleLot]) async throws -> Void
    ) async throws {
        try await World.run(settings: settings, openAI: BatchFaultTests.options(faults)) { world in
            let lots = world.lots(numbers)
            try await body(world, try await world.submit(lots), lots)
        }
    }

    /// All lots have their descriptions, and no line was paid twice.
    private static func expectAll(_ lots: [World.SampleLot], of job: String, _ world: World) async throws {
        try await world.waitUntil(job, "completed")
        let results = try await world.results(of: job)
        for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"]), "\(lot.id)") }
        #expect(try await world.client.status(job)["error_message"] == .null)
        try await world.expectSoundBooks(job)
    }

    @Test("a lot that is too large for a direct call goes with the batch, and holds nobody up")
    func oversized() async throws {
        let faults = """
            {"routes": [{"route": "POST /v1/responses", "fault": "status", "status": 429, "times": 1,
                "code": "rate_limit_exceeded", "message": "Request too large for m on tokens per min (TPM): Limit 1"}]}
            """
        try await run(faults) { world, job, lots in
            try await Self.expectAll(lots, of: job, world)
            #expect(world.openAI.requests("POST /v1/responses") == 2)
            #expect(world.openAI.batches.map(\.lines) == [3])
        }
    }

    @Test("a lot that cannot go ahead of the others gives its place to another after three tries")
    func givesItsPlace() async throws {
        let faults = #"{"lines": [{"fault": "error", "status": 503, "contains": "/car/0/"}]}"#
        try await run(faults) { world, job, lots in
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            // It goes with the others and has its own end.
            #expect(["completed", "failed"].contains(results["lot-0"]?["status"]?.string))
            for lot in lots.dropFirst() {
                #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"]), "\(lot.id)")
            }
            try await world.expectSoundBooks(job)
        }
    }

    @Test("a refusal of the form stops the job before a batch is made, and error_message says why")
    func form() async throws {
        let faults = """
            {"routes": [{"route": "POST /v1/responses", "fault": "status", "status": 400,
                "message": "'text.format' of type 'json_schema' is not supported with this model."}]}
            """
        try await run(faults) { world, job, _ in
            try await world.waitUntil(job, "failed")
            let message = try await world.client.status(job)["error_message"]?.string
            #expect(message?.contains("is not supported with this model") == true, "\(message ?? "-")")
            #expect(world.openAI.requests("POST /v1/files") == 0)
            #expect(world.openAI.requests("POST /v1/responses") == 1)
        }
    }

    @Test("a refusal that nothing explains stops the job when three lots have met it")
    func unexplained() async throws {
        let faults = """
            {"routes": [{"route": "POST /v1/responses", "fault": "status", "status": 400, "code": "new_code",
                "message": "No."}]}
            """
        try await run(faults) { world, job, _ in
            try await world.waitUntil(job, "failed")
            #expect(try await world.client.status(job)["error_message"]?.string?.contains("new_code") == true)
            #expect(world.openAI.requests("POST /v1/responses") == 3)
            #expect(world.openAI.requests("POST /v1/files") == 0)
        }
    }

    @Test("a model that POST /batches does not know is followed by the next one, with a new file")
    func modelGoneAtCreation() async throws {
        let faults = """
            {"routes": [{"route": "POST /v1/batches", "fault": "status", "status": 400, "code": "model_not_found",
                "times": 1}]}
            """
        try await run(faults, settings: ["WORKER_THREADS": "1"]) { world, job, lots in
            try await Self.expectAll(lots, of: job, world)
            #expect(world.openAI.requests("POST /v1/files") == 2 && world.openAI.requests("POST /v1/batches") == 2)
            let models = "SELECT model FROM openai_batches WHERE state = 'collected' AND round > 0"
            #expect(try await world.rows(models) == [["gpt-5.6-terra"]])
        }
    }

    @Test("a file that is too large is cut in two until it fits")
    func largeFile() async throws {
        let faults = """
            {"routes": [{"route": "POST /v1/files", "fault": "status", "status": 400, "message": "File is too large.",
                "times": 2}]}
            """
        try await run(faults, lots: [0, 1, 2, 4, 5, 6, 7, 8, 9]) { world, job, lots in
            try await Self.expectAll(lots, of: job, world)
            #expect(world.openAI.batches.reduce(0) { $0 + $1.lines } == 8)
            #expect(world.openAI.batches.count > 1)
        }
    }

    @Test("without an endpoint the job waits and says so; it goes on by itself when the endpoint is there")
    func noEndpoint() async throws {
        for (route, call) in [("POST /v1/files", "POST /files"), ("POST /v1/batches", "POST /batches")] {
            let faults = #"{"routes": [{"route": "\#(route)", "fault": "html", "status": 404}]}"#
            try await run(faults) { world, job, lots in
                try await world.until("the job says why it waits") {
                    try await world.client.status(job)["error_message"]?.string?.hasSuffix("have \(call)?") == true
                }
                try world.setFaults(#"{"routes": []}"#)
                try await Self.expectAll(lots, of: job, world)
                #expect(world.openAI.requests(route) <= 6)
            }
        }
    }

    @Test("without a name one picture is left out at a time, and the lot says which one is missing")
    func unnamedPicture() async throws {
        let faults = """
            {"routes": [{"route": "POST /v1/responses", "fault": "status", "status": 400, "times": 1,
                "code": "image_content_policy_violation", "message": "This image was refused."}]}
            """
        try await run(faults) { world, job, lots in
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            // Lot 0 went ahead: the first of its two pictures was left out.
            let missing = results["lot-0"]?["missing_images"]?.array ?? []
            #expect(results["lot-0"]?["status"] == "completed" && results["lot-0"]?["processed_images"] == 1)
            #expect(missing.count == 1)
            let kept = "SELECT missing_reasons FROM lot_results WHERE stage = 'images' AND position = 0"
            #expect(try await world.rows(kept)[0][0].contains("image_content_policy_violation"))
            #expect(results["lot-1"]?["descriptions"] == lots[1].expected(languages: ["en"]))
            try await world.expectSoundBooks(job)
        }
    }

    @Test("comments before the answer cost one call per lot, in each form")
    func comments() async throws {
        let faults = """
            {"lines": [{"fault": "commentary", "contains": "/car/0/"},
                {"fault": "commentary_json", "contains": "/car/1/"},
                {"fault": "commentary_unmarked", "contains": "/car/2/"}, {"fault": "fenced", "contains": "/car/4/"}]}
            """
        try await run(faults) { world, job, lots in
            try await Self.expectAll(lots, of: job, world)
            #expect(world.openAI.requests("POST /v1/responses") == 1 && world.openAI.requests("POST /v1/batches") == 1)
        }
    }

    @Test("lines in the forms of compatible servers are not paid for again")
    func forms() async throws {
        let faults = """
            {"lines": [{"fault": "status_text", "contains": "/car/1/"}, {"fault": "no_status", "contains": "/car/2/"},
                {"fault": "body_text", "contains": "/car/4/"}]}
            """
        try await run(faults) { world, job, lots in
            try await Self.expectAll(lots, of: job, world)
            #expect(world.openAI.requests("POST /v1/batches") == 1)
        }
    }

    @Test("a picture that the provider names is left out, ahead of the stage and in a batch")
    func namedPicture() async throws {
        let refusal = #""status": 400, "code": "image_content_policy_violation", "message": "Refused.""#
        let faults = """
            {"lines": [{"fault": "picture", "picture": "/car/0/2", \(refusal)},
                {"fault": "picture", "picture": "/car/2/1", \(refusal)}]}
            """
        try await run(faults) { world, job, lots in
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for (lot, kept, lost) in [(lots[0], 0, 1), (lots[2], 1, 0)] {
                let result = results[lot.id]
                #expect(result?["missing_images"] == [.string(lot.good[lost])], "\(result?.text ?? "-")")
                #expect(result?["processed_images"] == 1)
                let english = SimulatedAnswer.text(imageURLs: [lot.good[kept]])
                #expect(result?["descriptions"]?.array?.first?["damages"]?.string == english)
            }
            for lot in [lots[1], lots[3]] {
                #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"]))
            }
            // Lot 0 was asked for twice; lot 2 went into a second batch.
            #expect(world.openAI.requests("POST /v1/responses") == 2)
            #expect(world.openAI.batches.map(\.lines) == [3, 1])
            try await world.expectSoundBooks(job)
        }
    }

    @Test("a lot of which every picture is refused fails with a clear reason, and costs nothing")
    func everyPicture() async throws {
        let faults = """
            {"lines": [{"fault": "picture", "index": 0, "contains": "/car/2/", "status": 400,
                "code": "image_content_policy_violation", "message": "Refused."}]}
            """
        try await run(faults) { world, job, _ in
            try await world.waitUntil(job, "completed")
            let lot = try await world.results(of: job)["lot-2"]
            #expect(lot?["status"] == "failed" && lot?["missing_images"]?.array?.count == 2)
            #expect(lot?["error"]?.string?.hasPrefix("None of the lot's images could be used") == true)
            #expect(world.openAI.batches.map(\.lines) == [3, 1])
            try await world.expectSoundBooks(job)
        }
    }
}
