// Proofs about a provider batch are columns: that a creation is settled, that a batch is gone, that a file is whole.

enum Migration007 {
    static let sql = """
        -- A creation of unknown outcome: when the attempt was given up, how many were, and when the provider's list is
        -- searched again for batches that turned up late. `is_stray`: a batch of lots that another row has, or one that
        -- was given up at work; it is cancelled and its cost is booked.
        ALTER TABLE openai_batches
            ADD COLUMN attempt_ended_at timestamptz,
            ADD COLUMN lost_creations int NOT NULL DEFAULT 0,
            ADD COLUMN look_again_at timestamptz,
            ADD COLUMN is_stray boolean NOT NULL DEFAULT false;

        -- How often, and since when, the provider itself has denied the batch or its file; how often, and since when,
        -- answer files had fewer lines than the provider counts; and those counts.
        ALTER TABLE openai_batches
            ADD COLUMN denials int NOT NULL DEFAULT 0,
            ADD COLUMN denied_since timestamptz,
            ADD COLUMN short_reads int NOT NULL DEFAULT 0,
            ADD COLUMN short_since timestamptz,
            ADD COLUMN lines_completed int,
            ADD COLUMN lines_failed int;

        -- The longest time that an account has taken until it showed a new batch.
        CREATE TABLE openai_accounts (
            account text PRIMARY KEY,
            slowest_seconds float8 NOT NULL,
            seen_at timestamptz NOT NULL DEFAULT now()
        );
        """
}
