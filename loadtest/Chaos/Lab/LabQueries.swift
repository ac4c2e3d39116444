// The laboratory's own queries, independent of the service. Values; any thread.
import Engine

enum LabQueries {
    /// One row per change of a state, written by the database itself in the transaction of the change. `subject` is the
    /// job.
    static let triggers = """
        CREATE TABLE lab_changes (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, subject uuid NOT NULL,
            old text NOT NULL, new text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
        CREATE FUNCTION lab_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF (OLD.status, OLD.current_stage) IS DISTINCT FROM (NEW.status, NEW.current_stage) THEN
                INSERT INTO lab_changes (kind, subject, old, new) VALUES ('job', NEW.id,
                    OLD.status || ' ' || OLD.current_stage, NEW.status || ' ' || NEW.current_stage);
            END IF;
            IF NEW.processed_lots < OLD.processed_lots OR NEW.failed_lots < OLD.failed_lots
                OR NEW.processed_images < OLD.processed_images THEN
                INSERT INTO lab_changes (kind, subject, old, new) VALUES ('count', NEW.id,
                    OLD.processed_lots || ' ' || OLD.failed_lots, NEW.processed_lots || ' ' || NEW.failed_lots);
            END IF;
            IF OLD.status IN ('completed', 'failed', 'cancelled') AND (OLD.processed_lots, OLD.failed_lots,
                OLD.completed_at, OLD.cancelled_at) IS DISTINCT FROM (NEW.processed_lots, NEW.failed_lots,
                NEW.completed_at, NEW.cancelled_at) THEN
                INSERT INTO lab_changes (kind, subject, old, new)
                VALUES ('ended job', NEW.id, OLD.status, NEW.status);
            END IF;
            RETURN NULL; END $$;
        CREATE TRIGGER lab_job AFTER UPDATE ON batch_jobs FOR EACH ROW EXECUTE FUNCTION lab_job();
        CREATE FUNCTION lab_batch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO lab_changes (kind, subject, old, new) VALUES ('batch', NEW.job_id,
                CASE WHEN TG_OP = 'INSERT' THEN 'none' ELSE OLD.state END, NEW.state);
            RETURN NULL; END $$;
        CREATE TRIGGER lab_batch_new AFTER INSERT ON openai_batches FOR EACH ROW EXECUTE FUNCTION lab_batch();
        CREATE TRIGGER lab_batch AFTER UPDATE ON openai_batches FOR EACH ROW
            WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION lab_batch();
        CREATE FUNCTION lab_delivery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO lab_changes (kind, subject, old, new)
            VALUES ('delivery', NEW.batch_job_id, OLD.status, NEW.status);
            RETURN NULL; END $$;
        CREATE TRIGGER lab_delivery AFTER UPDATE ON webhook_deliveries FOR EACH ROW
            WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION lab_delivery();
        """

    static let changes = Statement(
        "lab_changes", "SELECT kind, old, new, count(*) FROM lab_changes GROUP BY kind, old, new ORDER BY 1, 2, 3")

    /// For each job with progress after $1 (seconds since 1970): seconds from $1 to the first progress.
    static let firstChanges = Statement(
        "lab_first_changes",
        """
        SELECT job::text, extract(epoch FROM min(at) - to_timestamp($1))::float8 FROM (
            SELECT subject AS job, at FROM lab_changes WHERE kind IN ('job', 'batch')
            UNION ALL SELECT job_id, created_at FROM lot_results) AS progress
        WHERE at > to_timestamp($1) GROUP BY job
        """)

    static let killBackends = Statement(
        "lab_kill_backends",
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name <> 'loadtest-chaos' AND pid <> pg_backend_pid()
        """)

    /// Each job with its counts beside the counts of its rows.
    static let jobs = Statement(
        "lab_jobs",
        """
        SELECT j.id::text, j.status, j.total_lots, j.processed_lots, j.failed_lots, f.ended, f.failed, j.created_at,
            coalesce(j.cancelled_at, j.completed_at), j.processed_images, f.images,
            j.input_tokens = u.input AND j.output_tokens = u.output, j.cleanup_pending,
            (SELECT count(*) FROM batch_lots l WHERE l.job_id = j.id),
            (SELECT count(*) FROM job_events e WHERE e.job_id = j.id
                AND e.event IN ('completed', 'failed', 'cancelled')),
            (SELECT count(*) FROM job_events e WHERE e.job_id = j.id AND e.event = 'created')
        FROM batch_jobs j
        CROSS JOIN LATERAL (SELECT count(*) AS ended, count(*) FILTER (WHERE NOT succeeded) AS failed,
            coalesce(sum(images), 0)::bigint AS images
            FROM lot_results r WHERE r.job_id = j.id AND r.stage = 'final') AS f
        CROSS JOIN LATERAL (SELECT coalesce(sum(input_tokens), 0)::bigint AS input,
            coalesce(sum(output_tokens), 0)::bigint AS output FROM job_usage u WHERE u.job_id = j.id) AS u
        ORDER BY j.created_at
        """)

    /// A job's finished lots in their order.
    static let results = Statement(
        "lab_results",
        """
        SELECT l.position, r.payload FROM batch_lots l LEFT JOIN lot_results r
            ON r.job_id = l.job_id AND r.position = l.position AND r.stage = 'final'
        WHERE l.job_id = $1 ORDER BY l.position
        """)

    static let batches = Statement(
        "lab_batches", "SELECT batch_id FROM openai_batches WHERE batch_id IS NOT NULL ORDER BY batch_id")

    static let files = Statement(
        "lab_files", "SELECT DISTINCT input_file_id FROM openai_batches WHERE input_file_id IS NOT NULL")

    static let deliveries = Statement(
        "lab_deliveries",
        """
        SELECT d.id::text, d.batch_job_id::text, d.webhook_url, d.status, d.attempt_count,
            (SELECT count(*) FROM webhook_attempts a WHERE a.delivery_id = d.id) FROM webhook_deliveries d
        """)

    /// The job $1 is creating a batch; has one; has one in progress.
    static let isCreating = Statement(
        "lab_is_creating", "SELECT 1 FROM openai_batches WHERE job_id = $1 AND state = 'creating'")
    static let isSubmitted = Statement(
        "lab_is_submitted", "SELECT batch_id FROM openai_batches WHERE job_id = $1 AND state = 'submitted'")

    static let redeliveries = Statement(
        "lab_redeliveries", "SELECT count(*) FROM job_events WHERE event = 'redelivery'")

    static let openDeliveries = Statement(
        "lab_open_deliveries", "SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'")

    static let openJobs = Statement(
        "lab_open_jobs",
        """
        SELECT count(*) FROM batch_jobs WHERE status IN ('pending', 'processing', 'translating') OR cleanup_pending
        """)
}
