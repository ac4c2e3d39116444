// Deliveries know their lots and their receiver, and can be sent anew after their end.

enum Migration003 {
    static let sql = """
        -- What the pruner had not removed yet: it has no lots any more.
        DELETE FROM webhook_deliveries d WHERE NOT EXISTS (SELECT 1 FROM batch_jobs j WHERE j.id = d.batch_job_id);

        -- The lots of a delivery by their positions, so that its body is read without looking through all lots of the
        -- job: one that names 50,000 different URLs would have it done 50,000 times. `attempts_before` are those of
        -- earlier series: attempts are numbered on when a delivery is sent anew, its schedule counts from there.
        ALTER TABLE webhook_deliveries
            ADD COLUMN positions int[] NOT NULL DEFAULT '{}',
            ADD COLUMN attempts_before int NOT NULL DEFAULT 0;
        UPDATE webhook_deliveries d SET positions = l.positions
        FROM (SELECT job_id, webhook, array_agg(position ORDER BY position) AS positions
            FROM batch_lots WHERE webhook IS NOT NULL GROUP BY job_id, webhook) AS l
        WHERE l.job_id = d.batch_job_id AND l.webhook = d.webhook_url;

        -- The first lot stands for the URL in the key: a URL may be longer than an index takes (2,704 bytes).
        -- `receiver` is `host:port` in lower case as the URL spells it: attempts under way are bounded for each.
        ALTER TABLE webhook_deliveries
            DROP CONSTRAINT webhook_deliveries_batch_job_id_webhook_url_key,
            ADD COLUMN first_position int NOT NULL GENERATED ALWAYS AS (coalesce(positions[1], 0)) STORED,
            ADD COLUMN receiver text NOT NULL GENERATED ALWAYS AS
                (coalesce(lower(substring(webhook_url from '://([^/?#]*)')), webhook_url)) STORED,
            ADD UNIQUE (batch_job_id, first_position);
        """
}
