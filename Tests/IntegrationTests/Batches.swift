// Sends and checks batches for these tests. Loop-bound.
import Engine
import LoadtestKit
import Testing

extension World {
    typealias SampleLot = BatchLifeTests.SampleLot

    /// Lots with two good images each; their numbers avoid those with missing images in `SampleLot`.
    func lots(_ numbers: [Int]) -> [SampleLot] { numbers.map { SampleLot($0, images: images.baseURL) } }

    /// Sends a batch; all lots name the same webhook.
    func submit(_ lots: [SampleLot], languages: [String] = ["en"], hook: String = "/ok/faults") async throws -> String {
        let reply = try await client.generate(
            lots.map { $0.json(webhook: webhooks.baseURL + hook) }, languages: languages)
        #expect(reply.status == 201)
        return try #require(reply.json["job_id"]?.string)
    }

    func waitUntil(_ job: String, _ status: String) async throws {
        try await until("the job is \(status)") { try await self.client.status(job)["status"] == .string(status) }
    }

    /// The lots of a finished job by id.
    func results(of job: String) async throws -> [String: JSONValue] {
        let found = try await client.results(job).json["results"]?["lots"]?.array ?? []
        return Dictionary(found.map { ($0["lot_id"]?.string ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Exactly one end per lot; the counts of the job's row equal those of the rows (C5.2).
    func expectSoundBooks(_ job: String) async throws {
        let counts = try await rows(
            """
            SELECT processed_lots, failed_lots, processed_images,
                (SELECT count(*) FROM lot_results r WHERE r.job_id = j.id AND r.stage = 'final'),
                (SELECT count(*) FROM lot_results r WHERE r.job_id = j.id AND r.stage = 'final' AND NOT succeeded),
                (SELECT coalesce(sum(images), 0) FROM lot_results r WHERE r.job_id = j.id AND r.stage = 'final')
            FROM batch_jobs j WHERE id = '\(job)'
            """)[0]
        #expect(counts[0] == counts[3] && counts[1] == counts[4] && counts[2] == counts[5], "\(counts)")
        #expect(openAI.doubleSubmissions.isEmpty)
        #expect(openAI.linesPaidTwice.isEmpty)
    }

    /// Open parts of a cancelled job's clean-up.
    func waitUntilCleanedUp(_ job: String) async throws {
        try await until("the job is cleaned up") {
            try await self.rows("SELECT 1 FROM batch_jobs WHERE id = '\(job)' AND NOT cleanup_pending").count == 1
        }
    }
}
