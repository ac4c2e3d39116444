// Rows written by a newer version: this version neither sends nor writes anything for them.
import Engine
import Foundation
import LoadtestKit
import Testing

@Suite("States that this version does not know", .timeLimit(.minutes(4)), .serialized)
struct UnknownStateTests {
    /// A column with a state, and the statement that puts an unknown text into it for one job.
    struct Column: CustomTestStringConvertible, Sendable {
        let name: String
        let update: String
        var testDescription: String { name }
    }

    static let columns = [
        Column(name: "batch_jobs.status", update: "UPDATE batch_jobs SET status = 'reviewing' WHERE id = "),
        Column(name: "batch_jobs.current_stage", update: "UPDATE batch_jobs SET current_stage = 'repair' WHERE id = "),
        Column(name: "openai_batches.state", update: "UPDATE openai_batches SET state = 'parked' WHERE job_id = "),
        Column(name: "openai_batches.stage", update: "UPDATE openai_batches SET stage = 'facts' WHERE job_id = "),
    ]

    /// Everything of the job that a wrong decision would change.
    private func rows(of job: String, _ world: World) async throws -> [[String]] {
        try await world.rows("SELECT to_jsonb(j) FROM batch_jobs j WHERE id = '\(job)'")
            + world.rows("SELECT to_jsonb(b) FROM openai_batches b WHERE job_id = '\(job)' ORDER BY id")
            + world.rows("SELECT position, stage FROM lot_results WHERE job_id = '\(job)' ORDER BY 1, 2")
    }

    @Test("C5.1: such a job is neither claimed nor planned again; others continue", arguments: columns)
    func leftAlone(column: Column) async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 3600
        try await World.run(openAI: options) { world in
            let job = try await world.submit(world.lots([0, 1, 2]))
            try await world.until("the provider has the batch") {
                try await world.rows("SELECT 1 FROM openai_batches WHERE state = 'submitted'").count == 1
            }
            await world.server.killHard()
            try await world.database.session { session in
                // The newer version's migration: its CHECKs allow more.
                let names = try await session.query(
                    Statement(
                        "test.checks",
                        """
                        SELECT conname::text, conrelid::regclass::text FROM pg_constraint
                        WHERE contype = 'c' AND conrelid IN ('batch_jobs'::regclass, 'openai_batches'::regclass)
                        """))
                for name in names {
                    try await session.execute("ALTER TABLE \(name.text(1)) DROP CONSTRAINT \"\(name.text(0))\"")
                }
                try await session.execute(column.update + "'\(job)'")
            }
            let before = try await rows(of: job, world)
            let batches = world.openAI.batches.map(\.id)
            try await world.restart()
            try await world.until("the log names the job") { world.log.contains("job left alone") }
            // A control: the dispatcher has searched for work, and has found some.
            let witness = try await world.submit(world.lots([4, 5, 6]))
            try await world.until("another job's batch is there") { world.openAI.batches.count == 2 }
            #expect(try await rows(of: job, world) == before)
            #expect(world.openAI.batches.filter { batches.contains($0.id) }.allSatisfy { $0.status != .cancelling })
            #expect(world.log.components(separatedBy: "job left alone").count == 2, "logged once")
            #expect(try await world.client.status(witness)["status"] == "processing")
            let reply = try await world.client.send("GET", "/api/v1/batch-status/\(job)", signing: job)
            #expect(reply.status == (column.name == "batch_jobs.status" ? 503 : 200))
        }
    }
}
