// Changes that the laboratory makes in the database itself, in place of time or chance. Thread: the lab's loop;
// loop-bound.
import Engine

extension LabDatabase {
    private static let ageStatement = Statement(
        "lab_age", "UPDATE batch_jobs SET created_at = created_at - make_interval(secs => $2) WHERE id = $1")
    private static let lockStatement = Statement("lab_lock_name", "SELECT pg_advisory_lock(\(nameLock))")
    private static let endStatement = Statement(
        "lab_end_name",
        """
        SELECT pg_terminate_backend(pid) FROM pg_locks WHERE \(isNameLock) AND granted
            AND pid NOT IN (SELECT pid FROM pg_stat_activity WHERE application_name = 'loadtest-chaos')
        """)
    private static let waitingStatement = Statement(
        "lab_waits_for_name", "SELECT 1 FROM pg_locks WHERE \(isNameLock) AND NOT granted")
    private static let isNameLock = """
        locktype = 'advisory' AND (classid::bigint << 32) | objid::bigint = \(nameLock)
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
    private static let nameLock = "hashtextextended('generation-service instance ' || $1, 0)"
    private static let freeStatement = Statement("lab_free_names", "SELECT pg_advisory_unlock_all()")
    private static let namesStatement = Statement("lab_names", "SELECT instance_id FROM instances ORDER BY 1")

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

    /// The names of the instances.
    func names() async throws -> [String] { try await database.query(Self.namesStatement).map { $0.text(0) } }

    /// Takes an instance's name while it lives, as another process might, and keeps it until `isEnough`.
    func takeName(_ name: String, until isEnough: @escaping () async throws -> Bool) async throws {
        var isHeld = false
        let holding = LoopTask(on: loop) { [self] in
            try await database.session { session in
                _ = try await session.query(Self.lockStatement, [.text(name)])
                isHeld = true
                while try await !isEnough() { try await self.loop.sleep(seconds: 0.05) }
                _ = try await session.query(Self.freeStatement)
            }
        }
        // PostgreSQL serves lock waiters in order: the instance cannot come back before us.
        while !isHeld, try await database.query(Self.waitingStatement, [.text(name)]).first == nil {
            try await loop.sleep(seconds: 0.02)
        }
        _ = try await database.query(Self.endStatement, [.text(name)])
        try await holding.value()
    }
}
