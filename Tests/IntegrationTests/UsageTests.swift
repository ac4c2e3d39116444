// The usage of jobs in the database, also of jobs that are older than its details. Loop-bound.
import Engine
import TestSupport
import Testing

@Suite("Usage of jobs", .timeLimit(.minutes(1)))
struct UsageTests {
    private static let job = Identifier.random()

    @Test("C5.9: usage of the version before stays and gets details from then on")
    func migration() async throws {
        try await TestDatabase.with { url in
            try await onDatabase(url) { session in
                let details = try #require(Migrations.all.first { $0.name == "parts of tokens" })
                let before = Migrations.all.filter { $0.number < details.number }
                _ = try await Migrator.run(session, migrations: before)
                let old = """
                    INSERT INTO job_usage (job_id, model, input_tokens, output_tokens)
                    VALUES ('\(Self.job)', 'm', 100, 20)
                    ON CONFLICT (job_id, model) DO UPDATE SET input_tokens = job_usage.input_tokens + 100
                    """
                try await session.execute(
                    """
                    INSERT INTO batch_jobs (id, version, languages, total_lots, webhook_configured, input_tokens)
                        VALUES ('\(Self.job)', '1.0.0', '{en}', 1, false, 100);
                    """ + old)
                _ = try await Migrator.run(session, migrations: Migrations.all)
                let usage = Usage(input: 10, output: 9, cached: 4, cacheWritten: 3, reasoning: 2)
                try await BookUsage.run(session, job: Self.job, model: "m", usage)
                try await BookUsage.run(session, job: Self.job, model: "n", usage)
                // An instance of the version before is still at work.
                try await session.execute(old)
                let found = try await FindJobStatus.run(session, jobs: [Self.job])
                #expect(
                    found.first?.usage == [
                        ModelUsage(
                            model: "m", Usage(input: 210, output: 29, cached: 4, cacheWritten: 3, reasoning: 2)),
                        ModelUsage(model: "n", usage),
                    ])
            }
        }
    }
}
