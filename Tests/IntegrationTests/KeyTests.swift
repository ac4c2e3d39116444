// A repeated request after a crash. Loop-bound.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("Repeated requests", .timeLimit(.minutes(2)), .serialized)
struct KeyTests {
    @Test("C2.7: after a kill -9 between the commit and the reply, the same request gets the committed job")
    func crashAfterCommit() async throws {
        try await World.run { world in
            let lots = world.lots([0, 1, 2]).map { $0.json(webhook: world.webhooks.baseURL + "/ok/keys") }
            for round in 0..<5 {
                let key = [("Idempotency-Key", "round-\(round)")]
                // Its reply is lost: no client reads it, even if it was sent before the kill.
                let lost = LoopTask(on: world.loop) { try await world.client.generate(lots, headers: key) }
                let committed = "SELECT id FROM batch_jobs ORDER BY created_at DESC"
                try await world.until("the job is committed") { try await world.rows(committed).count == round + 1 }
                try await world.crashAndRestart()
                lost.cancel()
                let again = try await world.client.generate(lots, headers: key)
                #expect(again.status == 201, "\(String(decoding: again.body, as: UTF8.self))")
                let jobs = try await world.rows(committed)
                #expect(jobs.count == round + 1)
                #expect(again.json["job_id"]?.string == jobs.first?.first)
                #expect(again.json["created_at"] != nil && again.json["total_lots"] == 3)
            }
        }
    }
}
