// The usage of a job tells what its tokens were.

enum Migration009 {
    static let sql = """
        -- Parts of the input (read from the provider's cache, written to it) and of the output (reasoning). Instances
        -- of the version before write rows without them.
        ALTER TABLE job_usage
            ADD COLUMN cached_tokens bigint NOT NULL DEFAULT 0,
            ADD COLUMN cache_write_tokens bigint NOT NULL DEFAULT 0,
            ADD COLUMN reasoning_tokens bigint NOT NULL DEFAULT 0;
        """
}
