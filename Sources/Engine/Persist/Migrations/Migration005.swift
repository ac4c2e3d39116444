// A job knows the request that made it.

enum Migration005 {
    static let sql = """
        -- The `X-Request-ID` of the request; NULL in jobs that are older than this column.
        ALTER TABLE batch_jobs ADD COLUMN request_id text;
        """
}
