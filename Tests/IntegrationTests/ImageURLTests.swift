// Images that a job sends by URL: their form on the wire, and those that are sent inline because their URLs end.
// Loop-bound.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Images by URL", .timeLimit(.minutes(4)), .serialized)
struct ImageURLTests {
    private static func text(_ job: String, lot: String, _ world: World) async throws -> String? {
        try await world.results(of: job)[lot]?["descriptions"]?.array?.first?["damages"]?.string
    }

    private static func lot(_ id: String, _ images: [String]) -> JSONValue {
        ["lot_id": .string(id), "images": .array(images.map { ["url": .string($0)] })]
    }

    @Test("an image whose URL ends before its batch can is sent inline; its neighbours stay URLs")
    func ending() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 0.3
        try await World.run(openAI: options) { world in
            let now = Int(Timestamp.now().seconds)
            let (soon, late) = ("?Expires=\(now + 7200)", "?Expires=\(now + 864_000)")
            func paths(_ number: Int) -> [String] { ["/car/\(number)/1.jpg", "/car/\(number)/2.jpg"] }
            let lots = (0..<6).map { number in
                let urls = zip(paths(number), [soon, late]).map { world.images.baseURL + $0 + $1 }
                return Self.lot("lot-\(number)", urls)
            }
            let reply = try await world.client.generate(lots)
            let job = try #require(reply.json["job_id"]?.string)
            try await world.waitUntil(job, "completed")
            // The first lot is asked for directly, when both URLs are good for an hour more.
            for number in 1..<6 {
                let (first, second) = (paths(number)[0], world.images.baseURL + paths(number)[1] + late)
                let picture = try #require(ImagesSimulator.picture(path: first))
                let keys = [SimulatedAnswer.imageKey(bytes: picture), SimulatedAnswer.imageKey(url: second)]
                let text = try await Self.text(job, lot: "lot-\(number)", world)
                #expect(text == SimulatedAnswer.text(imageKeys: keys))
            }
            try await world.expectSoundBooks(job)
        }
    }

    @Test("URLs go to the image host and to OpenAI in their ASCII form; replies name them as they were sent")
    func wireForm() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 0.3
        try await World.run(openAI: options) { world in
            let base = world.images.baseURL
            let lot = Self.lot("odd", [base + "/car/grün|[1].jpg?a={1}", base + "/missing/ä|b"])
            let reply = try await world.client.generate([lot, Self.lot("even", [base + "/car/1.jpg"])])
            let job = try #require(reply.json["job_id"]?.string)
            try await world.waitUntil(job, "completed")
            let wire = base + "/car/gr%C3%BCn%7C%5B1%5D.jpg?a=%7B1%7D"
            let text = try await Self.text(job, lot: "odd", world)
            #expect(text == SimulatedAnswer.text(imageURLs: [wire]))
            #expect(world.images.requests("/car/gr%C3%BCn%7C%5B1%5D.jpg") > 0)
            let missing = try await world.results(of: job)["odd"]?["missing_images"]
            #expect(missing == [.string(base + "/missing/ä|b")])
        }
    }
}
