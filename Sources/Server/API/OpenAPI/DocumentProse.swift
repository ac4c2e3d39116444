// The prose of the API document, in simple CommonMark: paragraphs, lists, code. Pure.
import Engine

enum DocumentProse {
    static let overview = """
        Turns photographs of damaged cars into descriptions in many languages: one car while you wait, or up to \
        \(Limits.lotsPerRequest) as a batch job. Poll the job, or get a webhook when it has ended.

        - Every request below `/api/` is signed; see "Signatures" under the security scheme.
        - Every reply carries `X-Request-ID`. Every error has the same form: `error` and `message` for people, `code` \
        for programs, `request_id`, and `details` if there are any.
        - `HEAD` works wherever `GET` does, with the same status and headers. Any other method gets 405 with `Allow`; \
        a path that is not listed here gets 404 `NOT_FOUND`.
        - Times in replies are UTC in whole seconds. Sizes are in bytes, 1 MB being 1024 x 1024.
        - Objects in replies have the members listed here. Unknown members of requests are ignored.

        ## Limits

        - Body: \(Limits.bodyBytes) bytes (200 MB). One lot's JSON: \(Limits.lotBytes) bytes (1 MB), nesting \
        \(Limits.lotNesting).
        - Lots in a request: \(Limits.lotsPerRequest). Images of a car described at once: \
        \(Limits.imagesPerSynchronousLot). Languages: \(Limits.languages). One image: \(Limits.imageBytes) bytes (10 \
        MB).
        - Request line and headers: \(Limits.headBytes) bytes, complete within \(Int(Limits.headSeconds)) s. A body \
        may pause for \(Int(Limits.bodyPauseSeconds)) s; an idle connection is closed after \(Int(Limits.idleSeconds)) \
        s.
        - Requests of one client address in any 60 s, by default: \(RateLimits().synchronous) cars described at once, \
        \(RateLimits().batch) batch jobs, \(RateLimits().poll) others. `RateLimit-Limit`, `RateLimit-Remaining` and \
        `RateLimit-Reset` report your use; beyond the limit the reply is 429 with `Retry-After`.

        ## Trying again

        503 and 429 carry `Retry-After`. With an `Idempotency-Key`, `generate-descriptions` can be repeated safely \
        after any failure; without one a repeated request may become a second job.
        """

    static let signatures = """
        Every request below `/api/` carries `X-Signature: sha256=` and the HMAC-SHA256, 64 hexadecimal digits, of a \
        text that both sides know, with the shared key (at least \(Limits.sharedKeyCharacters) characters). For \
        `generate-descriptions` it may be in the body's member `signature` instead; if both are present, the header \
        decides. Without a signature: 401 `MISSING_SIGNATURE`. With a wrong or malformed one: 403 `INVALID_SIGNATURE`.

        The signed text:

        - **A path with an id** (status, results, download, cancel, deliveries, redeliver): the id, exactly as it is \
        in the path.
        - **`GET /api/v1/batch-jobs`**: the request target as sent, query included: \
        `/api/v1/batch-jobs?status=processing&limit=20`.
        - **`POST /api/v1/generate-descriptions`**, in one of two ways:

        1. The raw bytes of the body, in the header. This is the simplest in any language and covers the whole \
        request.
        2. The canonical text of `lots`: the output of Python's `json.dumps(lots, separators=(',', ':'), \
        sort_keys=True)` after `json.loads` of the body.

        The canonical text is ASCII only (`\\u00e9`, surrogate pairs in lower-case hex); keys are sorted by code point \
        at every level; of a repeated key the last value counts; integers of any length are kept exactly (`-0` is \
        `0`); floats are printed as Python's `repr` does (`1e5` is `100000.0`, `1e-7` is `1e-07`, `1e16` is `1e+16`, \
        `1e400` is `Infinity`). Unknown members are ignored, but the signature covers them.

        **A known mistake.** `JSON.stringify(lots, Object.keys(lots).sort())`, which the Node example of the older \
        document used, prints every lot as `{}`: it signs `[{},{}]` and protects nothing. Such a signature gets 403 \
        with a message that says so. Sign the raw body instead. (An operator can accept these signatures for clients \
        that cannot be changed: `ACCEPT_NODE_EXAMPLE_SIGNATURES`.)

        During a key rotation the old key is accepted as well.
        """

    static let webhooks = """
        Sent to each distinct `webhook` URL of a job when the job ends, with only the lots that name the URL. Only \
        200, 201 and 202 within 30 s count as delivered; redirects are not followed. Otherwise it is sent again 30, \
        60, 120 and 240 s after the end of the previous attempt, with the same bytes and `X-Delivery-Attempt` one \
        higher. It may arrive more than once, with the same `webhook-id`.

        Verify it before you use it: `X-Signature` is `sha256=` and the hex HMAC-SHA256 of the body's exact bytes. Or \
        use a Standard Webhooks library, with the secret `whsec_` and the base64 of the shared key, which refuses \
        replays as well.
        """
}
