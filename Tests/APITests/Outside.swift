// Simulators around a service under test. Thread: any; the simulators have their own loop.
import Engine
import LoadtestKit
import Server
import TestSupport

/// OpenAI and a site with pictures.
struct Outside: Sendable {
    let openAIURL: String
    let imagesURL: String
    private let loop: Loop
    private let openAI: LoopBound<OpenAISimulator>

    private init(_ openAI: OpenAISimulator, _ images: ImagesSimulator, on loop: Loop) {
        openAIURL = openAI.baseURL
        imagesURL = images.baseURL
        self.loop = loop
        self.openAI = LoopBound(openAI, on: loop)
    }

    /// Requests that OpenAI received, per route.
    func requests(_ route: String) async -> Int {
        await withCheckedContinuation { continuation in
            loop.post { continuation.resume(returning: openAI.value.requests(route)) }
        }
    }

    /// Runs `body` with a service that uses these simulators.
    static func with(
        _ settings: [String: String] = [:], faults: JSONValue = .object([]), responseSeconds: Double = 0,
        runsBackground: Bool = false, tune: @escaping @Sendable (inout Config) -> Void = { _ in },
        _ body: @escaping @Sendable (TestServer, Outside, _ database: String) async throws -> Void
    ) async throws {
        try await onLoop("outside") { loop in
            var options = OpenAIOptions()
            options.faults = faults
            options.responseSeconds = responseSeconds
            options.batchSeconds = 0.5
            let openAI = try OpenAISimulator.start(on: loop, options: options)
            let images = try ImagesSimulator.start(on: loop)
            let outside = Outside(openAI, images, on: loop)
            let all = ["OPENAI_BASE_URL": outside.openAIURL].merging(settings) { $1 }
            let result: Result<Void, any Error>
            do {
                try await TestServer.with(all, runsBackground: runsBackground, tune: tune) { server, database in
                    try await body(server, outside, database)
                }
                result = .success(())
            } catch { result = .failure(error) }
            await openAI.close()
            await images.close()
            try result.get()
        }
    }
}
