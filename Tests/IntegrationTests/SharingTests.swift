// Several instances on one database; receivers that hang. Work moves, and nothing is done twice.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Sharing work", .timeLimit(.minutes(4)), .serialized)
struct SharingTests {
    @Test("C5.1: two instances share jobs; one finishes the work that the other leaves, and no batch is made twice")
    func twoInstances() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 1
        try await World.run(openAI: options) { world in
            let second = try world.launchSecond()
            var jobs: [(id: String, lots: [World.SampleLot])] = []
            for first in stride(from: 100, to: 142, by: 7) {
                let lots = world.lots((first..<(first + 5)).filter { $0 % 7 != 3 })
                jobs.append((try await world.submit(lots, languages: ["en", "de"]), lots))
            }
            try await world.until("some batches are there") { world.openAI.batches.count >= 3 }
            // One instance stops in order with work under way.
            #expect(await second.stop() == 0)
            for (job, lots) in jobs {
                try await world.waitUntil(job, "completed")
                let results = try await world.results(of: job)
                for lot in lots where !lot.good.isEmpty {
                    #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en", "de"]))
                }
                try await world.expectSoundBooks(job)
            }
            #expect(world.openAI.batches.count == 2 * jobs.count)
        }
    }

    @Test("C6.3: a receiver that hangs delays no other; SIGTERM releases its deliveries after the grace")
    func hangingReceiver() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 0.2
        try await World.run(settings: ["WEBHOOK_TIMEOUT": "60", "SHUTDOWN_GRACE": "0.5"], openAI: options) { world in
            let dead = try WebhooksSimulator.start(on: world.loop)
            let lots = world.lots([0, 1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22])
            var json = lots.map { $0.json(webhook: dead.baseURL + "/hang/\($0.number)") }
            json.append(world.lots([23])[0].json(webhook: world.webhooks.baseURL + "/ok/quick"))
            let reply = try await world.client.generate(json)
            let job = try #require(reply.json["job_id"]?.string)
            try await world.waitUntil(job, "completed")
            try await world.until("the quick receiver is told", seconds: 30) {
                world.webhooks.deliveries(path: "/ok/quick").count == 1
            }
            try await world.until("that is booked") {
                try await world.rows("SELECT 1 FROM webhook_deliveries WHERE status = 'delivered'").count == 1
            }
            try await world.until("the dead one has been called") { !dead.deliveries.isEmpty }
            #expect(await world.server.stop() == 0)
            let held = try await world.rows(
                "SELECT 1 FROM webhook_deliveries WHERE status = 'pending' AND claimed_by IS NOT NULL")
            #expect(held.isEmpty)
            #expect(try await world.rows("SELECT 1 FROM instances").isEmpty)
            #expect(
                try await world.rows("SELECT 1 FROM webhook_deliveries WHERE attempt_count > 0").count == 1)
            await dead.close()
        }
    }
}
