// Replies kept for callers that repeat a request (C2.7).

enum Migration002 {
    static let sql = """
        -- One row a key: claimed while its request is worked on, completed with the reply that repetitions get.
        CREATE TABLE idempotency_keys (
            key text PRIMARY KEY,
            -- Tells the same body from another one; says nothing about the body, and is no signature.
            fingerprint bytea NOT NULL,
            -- Who works on it. Completing and releasing are conditional on the claim.
            claim uuid NOT NULL,
            instance_id text NOT NULL,
            incarnation uuid NOT NULL,
            claimed_at timestamptz NOT NULL DEFAULT now(),
            completed_at timestamptz,
            status int,
            reply text COMPRESSION lz4,
            CHECK ((completed_at IS NULL) = (status IS NULL) AND (status IS NULL) = (reply IS NULL))
        );
        CREATE INDEX idempotency_keys_oldest ON idempotency_keys (claimed_at);
        """
}
