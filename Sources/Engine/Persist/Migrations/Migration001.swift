// The first schema. Migrations are never edited once released: a change is a new file with the next number.

enum Migration001 {
    static let sql = """
        -- A batch request and where it stands. `status`, `created_at`, `updated_at` are relied on by the API
        -- document's SQL.
        CREATE TABLE batch_jobs (
            id uuid PRIMARY KEY,
            status text NOT NULL DEFAULT 'pending'
                CHECK (status IN ('pending', 'processing', 'translating', 'completed', 'failed', 'cancelled')),
            current_stage text NOT NULL DEFAULT 'queued'
                CHECK (current_stage IN
                    ('queued', 'image_prefetch', 'vision_analysis', 'translation', 'finalizing', 'done')),
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            started_at timestamptz,
            completed_at timestamptz,
            cancelled_at timestamptz,
            estimated_completion timestamptz,
            version text NOT NULL,
            languages text[] NOT NULL,
            total_lots int NOT NULL CHECK (total_lots > 0),
            processed_lots int NOT NULL DEFAULT 0,
            failed_lots int NOT NULL DEFAULT 0,
            total_images int NOT NULL DEFAULT 0,
            processed_images int NOT NULL DEFAULT 0,
            webhook_configured boolean NOT NULL,
            openai_vision_batch_id text,
            openai_vision_batch_ids text[] NOT NULL DEFAULT '{}',
            openai_translation_batch_id text,
            openai_translation_batch_ids text[] NOT NULL DEFAULT '{}',
            error_message text,
            input_tokens bigint NOT NULL DEFAULT 0,
            output_tokens bigint NOT NULL DEFAULT 0,
            -- The lease: who may write, and the fencing epoch that every write of job state is conditional on.
            lease_instance text,
            lease_incarnation uuid,
            lease_epoch bigint NOT NULL DEFAULT 0,
            -- Set when a job ended while outside work (batches, files) was still open.
            cleanup_pending boolean NOT NULL DEFAULT false,
            CHECK (processed_lots BETWEEN 0 AND total_lots),
            CHECK (failed_lots BETWEEN 0 AND processed_lots)
        );
        CREATE INDEX batch_jobs_newest ON batch_jobs (created_at DESC, id);
        CREATE INDEX batch_jobs_by_status ON batch_jobs (status, created_at DESC, id);
        CREATE INDEX batch_jobs_open ON batch_jobs (created_at)
            WHERE status IN ('pending', 'processing', 'translating') OR cleanup_pending;

        -- The input, immutable. `images` is a JSON array of URLs. Written by COPY in the transaction that makes the
        -- job, so no foreign key is needed (it would cost as much again); retention removes rows before their job.
        CREATE TABLE batch_lots (
            job_id uuid NOT NULL,
            position int NOT NULL,
            lot_id text NOT NULL,
            additional_info text COMPRESSION lz4,
            webhook text,
            images text COMPRESSION lz4 NOT NULL,
            image_count int NOT NULL,
            PRIMARY KEY (job_id, position)
        );

        -- What each stage made of each lot; append-only. Stages and their payloads: images (JSON array of missing
        -- URLs), vision (the English HTML), translation (JSON object language -> HTML), final (the lot's finished
        -- JSON).
        CREATE TABLE lot_results (
            job_id uuid NOT NULL,
            stage text NOT NULL CHECK (stage IN ('images', 'vision', 'translation', 'final')),
            position int NOT NULL,
            succeeded boolean NOT NULL,
            images int NOT NULL DEFAULT 0,
            payload text COMPRESSION lz4 NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (job_id, stage, position)
        );

        -- One row a batch at the provider, committed before anything is sent. See docs/ARCHITECTURE.md for the states.
        CREATE TABLE openai_batches (
            id uuid PRIMARY KEY,
            job_id uuid NOT NULL,
            stage text NOT NULL CHECK (stage IN ('vision', 'translation')),
            round int NOT NULL,
            sequence int NOT NULL,
            state text NOT NULL CHECK (state IN
                ('canary', 'planned', 'uploading', 'uploaded', 'creating', 'submitted', 'ended', 'collected',
                 'abandoned')),
            model text NOT NULL,
            inline_images boolean NOT NULL DEFAULT false,
            positions int[] NOT NULL,
            file_bytes bigint NOT NULL DEFAULT 0,
            input_tokens_estimate bigint NOT NULL DEFAULT 0,
            account text NOT NULL,
            input_file_id text,
            batch_id text,
            output_file_id text,
            error_file_id text,
            provider_status text,
            error text,
            created_at timestamptz NOT NULL DEFAULT now(),
            intent_at timestamptz,
            submitted_at timestamptz,
            ended_at timestamptz,
            not_before timestamptz NOT NULL DEFAULT now(),
            UNIQUE (job_id, stage, sequence)
        );
        CREATE INDEX openai_batches_of_job ON openai_batches (job_id);

        -- Lines that came back unusable, by shard: the reason a lot fails with once its attempts are spent.
        CREATE TABLE line_failures (
            shard_id uuid NOT NULL REFERENCES openai_batches (id) ON DELETE CASCADE,
            job_id uuid NOT NULL,
            stage text NOT NULL,
            position int NOT NULL,
            round int NOT NULL,
            reason text NOT NULL,
            image_download boolean NOT NULL DEFAULT false,
            curable boolean NOT NULL,
            PRIMARY KEY (shard_id, position)
        );
        CREATE INDEX line_failures_of_job ON line_failures (job_id, stage, position);

        -- Tokens by model, booked in the transaction that stores the answers.
        CREATE TABLE job_usage (
            job_id uuid NOT NULL,
            model text NOT NULL,
            input_tokens bigint NOT NULL DEFAULT 0,
            output_tokens bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (job_id, model)
        );

        -- The outbox. The columns up to `error_message` are relied on by the API document's SQL.
        CREATE TABLE webhook_deliveries (
            id uuid PRIMARY KEY,
            batch_job_id uuid NOT NULL,
            webhook_url text NOT NULL,
            status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
            attempt_count int NOT NULL DEFAULT 0,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_attempt_at timestamptz,
            delivered_at timestamptz,
            error_message text,
            event text NOT NULL,
            next_attempt_at timestamptz NOT NULL DEFAULT now(),
            claimed_by uuid,
            UNIQUE (batch_job_id, webhook_url)
        );
        CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE status = 'pending';

        CREATE TABLE webhook_attempts (
            delivery_id uuid NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
            attempt int NOT NULL,
            started_at timestamptz NOT NULL,
            ended_at timestamptz,
            http_status int,
            error text,
            PRIMARY KEY (delivery_id, attempt)
        );

        -- One row an instance. A lease holds while its instance's row has its incarnation and a fresh heartbeat.
        CREATE TABLE instances (
            instance_id text PRIMARY KEY,
            incarnation uuid NOT NULL,
            started_at timestamptz NOT NULL DEFAULT now(),
            heartbeat_at timestamptz NOT NULL DEFAULT now()
        );

        -- An audit line per transition.
        CREATE TABLE job_events (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            job_id uuid NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            event text NOT NULL,
            instance_id text,
            detail text
        );
        CREATE INDEX job_events_of_job ON job_events (job_id, id);
        """
}
