// The numbers that decide about a provider batch are columns, and a state says what it means.

enum Migration006 {
    static let sql = """
        -- Failures in a row (they set the next wait), creations that came to nothing, and creations that found the
        -- provider's queue full. A new holder of the lease goes on counting.
        ALTER TABLE openai_batches ADD COLUMN failures int NOT NULL DEFAULT 0;
        ALTER TABLE openai_batches ADD COLUMN setbacks int NOT NULL DEFAULT 0;
        ALTER TABLE openai_batches ADD COLUMN refusals int NOT NULL DEFAULT 0;

        -- `asking` was called `canary`. Instances of the version before may still write and read the old word while
        -- they are replaced one by one, so both are allowed. They take `asking` for a batch that was given up: its lots
        -- are planned again, as they are after a crash in that state.
        ALTER TABLE openai_batches DROP CONSTRAINT openai_batches_state_check;
        ALTER TABLE openai_batches ADD CONSTRAINT openai_batches_state_check CHECK (state IN
            ('asking', 'canary', 'planned', 'uploading', 'uploaded', 'creating', 'submitted', 'ended', 'collected',
             'abandoned'));
        """
}
