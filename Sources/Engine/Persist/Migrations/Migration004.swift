// What an account may hold up, what is to be deleted over there, and tables that stay small.

enum Migration004 {
    static let sql = """
        -- `held_up`: the account could not run it (quota, key, model), so that its lines count as not tried.
        -- `recalled_at`: its batch was asked to end early. `files_gone`: nothing of it is left at the provider.
        ALTER TABLE openai_batches
            ADD COLUMN held_up boolean NOT NULL DEFAULT false,
            ADD COLUMN recalled_at timestamptz,
            ADD COLUMN files_gone boolean NOT NULL DEFAULT false;

        -- The provider's queue as we fill it, by account and model.
        CREATE INDEX openai_batches_queue ON openai_batches (account, model)
            WHERE state IN ('planned', 'uploading', 'uploaded', 'creating', 'submitted');
        -- Files that nobody needs any more.
        CREATE INDEX openai_batches_files ON openai_batches (ended_at)
            WHERE state IN ('collected', 'abandoned') AND NOT files_gone
                AND coalesce(input_file_id, output_file_id, error_file_id) IS NOT NULL;
        -- Jobs whose rows are being removed: few, among the events of all jobs.
        CREATE INDEX job_events_removed ON job_events (id) WHERE event = 'removed';

        -- Rows that are written again and again find room on their page, so that no index has to follow.
        ALTER TABLE batch_jobs SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE openai_batches SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE instances SET (fillfactor = 20);
        ALTER TABLE webhook_deliveries SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
        -- Rows that come once and go once, in great numbers: their room is to be used again soon.
        ALTER TABLE batch_lots SET (autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE lot_results SET (autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE webhook_attempts SET (autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE job_events SET (autovacuum_vacuum_scale_factor = 0.05);
        """
}
