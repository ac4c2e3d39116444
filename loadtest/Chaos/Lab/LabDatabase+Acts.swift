// Changes that the laboratory makes in the database itself, in place of time or chance. Thread: the lab's loop;
// loop-bound.
import Engine

extension LabDatabase {
    private static let ageStatement = Statement(
        "lab_age", "UPDATE batch_jobs SET created_at = created_at - make_interval(secs => $2) WHERE id = $1")

    /// A job that ended long ago, with rows of all kinds that go with it.
    private static let oldJob = """
        WITH old AS (INSERT INTO batch_jobs (id, status, current_stage, created_at, completed_at, updated_at, version,
            languages, total_lots, processed_lots, webhook_configured)
            VALUES (gen_random_uuid(), 'completed', 'done', now() - interval '400 days', now() - interval '400 days',
            now() - interval '400 days', '2.0', '{en}', 1, 1, false) RETURNING id),
        event AS (INSERT INTO job_events (job_id, event) SELECT id, 'completed' FROM old),
        result AS (INSERT INTO lot_results (job_id, stage, position, succeeded, payload)
            SELECT id, 'final', 0, true, '{}' FROM old)
        INSERT INTO batch_lots (job_id, position, lot_id, images, image_count) SELECT id, 0, 'old', '[]', 0 FROM old
        """
    private static let oldRowsStatement = Statement(
        "lab_old_rows",
        """
        SELECT (SELECT count(*) FROM batch_jobs WHERE completed_at < now() - interval '300 days')
            + (SELECT count(*) FROM batch_lots WHERE lot_id = 'old')
            + (SELECT count(*) FROM job_events WHERE event = 'removed')
        """)

    /// Rows that answer `sql`, which takes a job's id.
    func exists(_ statement: Statement, _ job: String) async throws -> Bool {
        guard let id = Identifier(job) else { return false }
        return try await database.query(statement, [.uuid(id)]).first != nil
    }

    /// Batches of the job that exist at the provider.
    func submitted(_ job: String) async throws -> [String] {
        guard let id = Identifier(job) else { return [] }
        return try await database.query(LabQueries.isSubmitted, [.uuid(id)]).map { $0.text(0) }
    }

    /// Makes a job older.
    func age(_ job: String, seconds: Double) async throws {
        guard let id = Identifier(job) else { return }
        _ = try await database.query(Self.ageStatement, [.uuid(id), .double(seconds)])
    }

    func makeOldJob() async throws { try await database.session { try await $0.execute(Self.oldJob) } }

    /// Rows left of old jobs.
    func oldRows() async throws -> Int { try await database.query(Self.oldRowsStatement).first?.int(0) ?? 0 }
}
