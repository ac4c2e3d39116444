// The OpenAI client against the simulated API, which has the real one's rules: our requests are accepted, the answers
// are understood, errors are distinguished.
import Engine
import LoadtestKit
import TestSupport
import Testing

/// A client of a simulated account whose clock stands still until the test moves it.
private func withSimulator(
    _ faults: String = "{}", configure: @escaping @Sendable (inout OpenAIConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (OpenAIClient, OpenAISimulator) async throws -> Void
) async throws {
    try await onLoop { loop in
        var options = OpenAIOptions()
        options.clock = .byHand()
        options.faults = try JSONValue.parse(Array(faults.utf8))
        let simulator = try OpenAISimulator.start(on: loop, options: options)
        var configuration = OpenAIConfiguration(baseURL: simulator.baseURL, apiKey: "sk-test")
        configure(&configuration)
        let http = HTTPClient(on: loop)
        var policy = RetryPolicy()
        policy.backOff.firstSeconds = 0.001
        let client = OpenAIClient(http: http, configuration: configuration, policy: policy)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(client, simulator)) } catch { outcome = .failure(error) }
        await http.close()
        await simulator.close()
        try outcome.get()
    }
}

private func url(_ number: Int) -> String { "https://cars.example/car/\(number).jpg" }

private func visionLine(_ position: Int, _ parameters: ModelParameters, _ client: OpenAIClient) -> [UInt8] {
    let body = VisionRequest.body(
        additionalInfo: "Car \(position)", images: [.url(url(position))], model: parameters,
        configuration: client.configuration)
    return BatchLine.encode(customID: BatchCustomID(.vision, position).description, body: body)
}

private final class Whole: ByteSource {
    private var bytes: [UInt8]?
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    func next() async throws -> [UInt8]? {
        defer { bytes = nil }
        return bytes
    }
}

/// All outcomes of a batch's two files, by custom id; a doubled line counts once.
private func outcomes(_ batch: BatchObject, _ client: OpenAIClient) async throws -> [String: LineOutcome] {
    var found: [String: LineOutcome] = [:]
    for file in [batch.outputFileID, batch.errorFileID] {
        guard let file else { continue }
        let reader = try await client.openFile(file)
        while let line = try await reader.next() {
            guard let output = BatchOutput.read(line, fields: VisionRequest.fields) else { continue }
            if found[output.customID] == nil { found[output.customID] = output.outcome }
        }
    }
    return found
}

@Suite("The OpenAI client against the simulated API", .timeLimit(.minutes(1)))
struct OpenAIClientIntegrationTests {
    @Test("C8: a vision request is accepted unchanged, by the next model if the first is gone")
    func vision() async throws {
        try await withSimulator(#"{"shutdown":["o4-mini"]}"#) { client, simulator in
            let answer = try await client.ask(.vision, fields: VisionRequest.fields, deadlineSeconds: 20) {
                parameters in
                VisionRequest.body(
                    additionalInfo: "BMW \"X5\"\n</x>", images: [.url(url(1)), .url(url(2))], model: parameters,
                    configuration: client.configuration)
            }
            #expect(answer.parameters.name == "gpt-5.6-terra")
            #expect(answer.answer["damages"] == SimulatedAnswer.text(imageURLs: [url(1), url(2)]))
            #expect(answer.answer.usage.input > 0 && answer.answer.usage.output > 0)
            #expect(simulator.requests("POST /v1/responses") == 2)
        }
    }

    @Test("C5.5: an inline image is accepted")
    func inlined() async throws {
        // The eight magic bytes of a PNG, and some more.
        let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + (0..<1000).map { UInt8($0 % 251) }
        try await withSimulator { client, _ in
            let answer = try await client.ask(.vision, fields: VisionRequest.fields, deadlineSeconds: 20) {
                parameters in
                VisionRequest.body(
                    additionalInfo: nil, images: [.data(type: "image/png", bytes: png)], model: parameters,
                    configuration: client.configuration)
            }
            let expected = SimulatedAnswer.text(imageKeys: [SimulatedAnswer.imageKey(bytes: png)])
            #expect(answer.answer["damages"] == expected)
        }
    }

    @Test("C2.4: ten languages in one request, by models of several families")
    func translation() async throws {
        let codes = ["ru", "de", "pt-BR", "zh-Hant", "fr", "es", "it", "ja", "ko", "ar"]
        let english = "<p>Front bumper: dented. Reference 0123456789ab</p>"
        for model in ["gpt-4.1-mini", "gpt-4o-mini", "o4-mini", "gpt-6-luna"] {
            try await withSimulator {
                $0.translationModels = [model]
            } _: { client, simulator in
                let answer = try await client.ask(.translation, fields: codes, deadlineSeconds: 20) { parameters in
                    TranslationRequest.body(
                        english: english, languages: codes.map { (code: $0, name: Languages.englishName($0)) },
                        model: parameters, configuration: client.configuration)
                }
                for code in codes {
                    #expect(answer.answer[code] == SimulatedAnswer.text(english: english, language: code))
                }
                // No parameter is refused.
                #expect(simulator.requests("POST /v1/responses") == 1)
            }
        }
    }

    @Test("C5.4: a whole batch, with refused, cut, failed, missing, doubled and undownloadable lines")
    func batch() async throws {
        let faults = """
            {"lines":[{"fault":"refusal","contains":"car/1.jpg"},{"fault":"incomplete","contains":"car/2.jpg"},\
            {"fault":"failed","contains":"car/3.jpg"},{"fault":"invalid_json","contains":"car/4.jpg"},\
            {"fault":"missing","contains":"car/5.jpg"},{"fault":"doubled","contains":"car/6.jpg"},\
            {"fault":"error","status":500,"contains":"car/7.jpg"},{"fault":"unknown_id","contains":"car/9.jpg"}],\
            "fail_image_substring":"car/8.jpg"}
            """
        try await withSimulator(faults) { client, simulator in
            let parameters = client.choice(for: .vision).current
            let lines = (0..<12).flatMap { visionLine($0, parameters, client) }
            let file = try await client.uploadBatchFile(name: "shard", length: lines.count, source: Whole(lines))
            let made = try await client.createBatch(inputFile: file, metadata: [("shard", "s-1")])
            #expect(!made.status.isEnded)
            simulator.clock.advance(seconds: 3600)
            let ended = try await client.batch(made.id)
            #expect(ended.status == .completed)
            let found = try await outcomes(ended, client)
            #expect(found["v-5"] == nil)
            for position in [0, 6, 9, 10, 11] {
                guard case .answer(let answer)? = found["v-\(position)"] else {
                    Issue.record("no answer for \(position)")
                    continue
                }
                #expect(answer["damages"] == SimulatedAnswer.text(imageURLs: [url(position)]))
            }
            let curable = [1: false, 2: true, 3: true, 4: true, 7: true, 8: true]
            for (position, expected) in curable {
                guard case .failed(let isCurable, _, let imageDownload, _)? = found["v-\(position)"] else {
                    Issue.record("no failure for \(position)")
                    continue
                }
                #expect(isCurable == expected, "\(position)")
                #expect(imageDownload == (position == 8), "\(position)")
            }
            try await client.deleteFile(file)
            try await client.deleteFile(file)
        }
    }

    @Test("after a lost reply to createBatch there is one batch, which its metadata finds")
    func lostReply() async throws {
        let faults = #"{"routes":[{"route":"POST /v1/batches","fault":"lost_reply","times":1}]}"#
        try await withSimulator(faults) { client, simulator in
            let lines = visionLine(0, client.choice(for: .vision).current, client)
            let file = try await client.uploadBatchFile(name: "shard", length: lines.count, source: Whole(lines))
            do throws(OpenAIError) {
                _ = try await client.createBatch(inputFile: file, metadata: [("shard", "s-7")])
                Issue.record("got a reply although it was lost")
            } catch {
                #expect(error.mayHaveArrived)
            }
            #expect(simulator.requests("POST /v1/batches") == 1)
            let page = try await client.listBatches()
            let mine = page.batches.filter { $0.metadata("shard") == "s-7" }
            #expect(mine.map(\.inputFileID) == [file])
            let cancelled = try await client.cancelBatch(mine[0].id)
            #expect(cancelled.status == .cancelling || cancelled.status == .cancelled)
        }
    }

    @Test("a full queue and an expired batch are distinguished; the expired one keeps its finished lines")
    func queueAndExpiry() async throws {
        let faults = #"{"batches":[{"fault":"fail","times":1},{"fault":"expire","fraction":0.5,"times":1}]}"#
        try await withSimulator(faults) { client, simulator in
            let parameters = client.choice(for: .vision).current
            let lines = (0..<4).flatMap { visionLine($0, parameters, client) }
            let file = try await client.uploadBatchFile(name: "shard", length: lines.count, source: Whole(lines))
            let first = try await client.createBatch(inputFile: file, metadata: [("try", "1")])
            simulator.clock.advance(seconds: 3600)
            let failed = try await client.batch(first.id)
            #expect(failed.failure == .queueFull)
            let second = try await client.createBatch(inputFile: file, metadata: [("try", "2")])
            simulator.clock.advance(seconds: 25 * 3600)
            let expired = try await client.batch(second.id)
            #expect(expired.status == .expired)
            let found = try await outcomes(expired, client)
            #expect(found.count == 4)
            let curable = found.values.filter { outcome in
                if case .failed(true, _, _, _) = outcome { true } else { false }
            }
            #expect(curable.count == 2)
        }
    }

    @Test("the probe lists the account's models")
    func probe() async throws {
        try await withSimulator { client, _ in
            let probe = try await client.modelProbe()
            #expect(probe.models.contains { $0.id == "gpt-4.1-mini" || $0.id.hasPrefix("gpt-4.1-mini-") })
        }
    }
}
