// Rows that hand over work: claims of jobs and of deliveries. Loop-bound.
import Engine
import TestSupport
import Testing

@Suite("The queue in the database", .timeLimit(.minutes(1)))
struct QueueTests {
    @Test("C5.1: a claim with a lost reply is repeated, and fences off the previous holder")
    func doubtfulClaim() async throws {
        try await withMigratedDatabase { _, database in
            let job = Identifier.random()
            try await database.session { session in
                try await session.execute(
                    """
                    INSERT INTO batch_jobs (id, version, languages, total_lots, webhook_configured)
                        VALUES ('\(job)', '1.0.0', '{en}', 1, false)
                    """)
            }
            let incarnation = Identifier.random()
            #expect(try await Instances.beat(database, instance: "a", incarnation: incarnation))
            func take(_ doubtful: Set<Identifier>) async throws -> [Int] {
                try await ClaimJobs.take(
                    database, instance: "a", incarnation: incarnation, silentSeconds: 10, ids: [job],
                    doubtful: doubtful
                ).map(\.epoch)
            }
            #expect(try await ClaimJobs.free(database, silentSeconds: 10, limit: 5) == [job])
            #expect(try await take([]) == [1])
            #expect(try await ClaimJobs.free(database, silentSeconds: 10, limit: 5) == [])
            #expect(try await take([]) == [])
            #expect(try await take([job]) == [2])
            await #expect(throws: LeaseLost.self) { try await HoldLease.run(database, JobLease(job: job, epoch: 1)) }
            try await HoldLease.run(database, JobLease(job: job, epoch: 2))
            // Another incarnation's heartbeat takes no name. The lease is free after ten seconds of silence.
            #expect(try await !Instances.beat(database, instance: "a", incarnation: .random()))
            #expect(try await ClaimJobs.free(database, silentSeconds: 10, limit: 5) == [])
            try await database.session { session in
                try await session.execute("UPDATE instances SET heartbeat_at = now() - interval '11 s'")
            }
            #expect(try await ClaimJobs.free(database, silentSeconds: 10, limit: 5) == [job])
            #expect(try await Instances.beat(database, instance: "a", incarnation: incarnation))
            #expect(try await ClaimJobs.free(database, silentSeconds: 10, limit: 5) == [])
        }
    }

    @Test("each start adds a row of heartbeats; rows silent for an hour are removed")
    func forgotten() async throws {
        try await withMigratedDatabase { _, database in
            for name in ["old", "new"] {
                #expect(try await Instances.beat(database, instance: name, incarnation: .random()))
            }
            try await database.session { session in
                try await session.execute(
                    "UPDATE instances SET heartbeat_at = now() - interval '61 min' WHERE instance_id = 'old'")
            }
            try await Instances.forgetOld(database)
            let left = Statement("t_instances", "SELECT instance_id FROM instances")
            #expect(try await database.query(left).map { $0.text(0) } == ["new"])
        }
    }
}
