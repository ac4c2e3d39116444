// Queries about one job's money, and a database that refuses results. Values; any thread.
import Engine

extension LabQueries {
    /// The job $1: status, error, whether a clean-up is due, booked tokens.
    static let jobMoney = Statement(
        "lab_job_money",
        """
        SELECT status, error_message, cleanup_pending,
            (SELECT coalesce(sum(input_tokens), 0)::bigint FROM job_usage u WHERE u.job_id = j.id),
            (SELECT coalesce(sum(output_tokens), 0)::bigint FROM job_usage u WHERE u.job_id = j.id)
        FROM batch_jobs j WHERE j.id = $1
        """)

    /// Stages and positions with an answer of the model.
    static let stored = Statement(
        "lab_stored",
        """
        SELECT stage, position FROM lot_results
        WHERE job_id = $1 AND stage IN ('vision', 'translation') AND succeeded
        """)

    /// Results of the model are refused, as by a full disk.
    static let refuseResults = """
        CREATE FUNCTION lab_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.stage IN ('vision', 'translation') AND NEW.succeeded THEN
                RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
            END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER lab_full BEFORE INSERT ON lot_results FOR EACH ROW EXECUTE FUNCTION lab_full();
        """
    static let acceptResults = """
        DROP TRIGGER IF EXISTS lab_full ON lot_results; DROP FUNCTION IF EXISTS lab_full();
        """
}

/// The money of a job, as the database has it.
struct JobMoney {
    let status: String
    let error: String?
    let cleansUp: Bool
    let inputTokens, outputTokens: Int
}

extension LabDatabase {
    func money(of job: String) async throws -> JobMoney? {
        guard let id = Identifier(job) else { return nil }
        return try await database.query(LabQueries.jobMoney, [.uuid(id)]).first.map {
            JobMoney(
                status: $0.text(0), error: $0.optionalText(1), cleansUp: $0.bool(2), inputTokens: $0.int(3),
                outputTokens: $0.int(4))
        }
    }

    /// `vision 3` for each answer of the model that is stored.
    func stored(of job: String) async throws -> Set<String> {
        guard let id = Identifier(job) else { return [] }
        return Set(
            try await database.query(LabQueries.stored, [.uuid(id)]).map { "\($0.text(0)) \($0.int(1))" })
    }

    /// The payload of each lot's end, in order; nil for a lot without one.
    func results(of job: String) async throws -> [String?] {
        guard let id = Identifier(job) else { return [] }
        return try await database.query(LabQueries.results, [.uuid(id)]).map { $0.optionalText(1) }
    }

    /// Forgets how slow the accounts were.
    func forgetAccounts() async throws {
        try await database.session { try await $0.execute("DELETE FROM openai_accounts") }
    }

    func refuseResults(_ isRefusing: Bool) async throws {
        try await database.session {
            try await $0.execute(isRefusing ? LabQueries.refuseResults : LabQueries.acceptResults)
        }
    }
}
