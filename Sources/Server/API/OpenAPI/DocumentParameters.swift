// The parameters of requests in the API's document. Pure.
import Engine

enum DocumentParameters {
    /// `components.parameters`.
    static let all: [(String, JSONValue)] = [
        ("JobID", job), ("DeliveryID", delivery), ("RequestID", requestID), ("IdempotencyKey", idempotencyKey),
        ("Prefer", prefer), ("Cursor", cursor), ("ResultsLimit", resultsLimit),
        ("Status", status), ("Limit", limit), ("Offset", offset),
        ("CreatedAfter", bound("created_after", "Only jobs created at this time or later.")),
        ("CreatedBefore", bound("created_before", "Only jobs created at this time or earlier.")),
        ("IfNoneMatch", ifNoneMatch),
    ]

    static func ref(_ name: String) -> JSONValue {
        .object([("$ref", .string("#/components/parameters/" + name))])
    }

    private static let job = parameter(
        "path", "job_id",
        """
        The job's id, as the service gave it. The signature covers it, exactly as it is in the path. A malformed or \
        unknown id gets 404.
        """, Schema.text("A UUID.", 1...Int.max, examples: [.string(Schema.sampleJob)]), isRequired: true)

    private static let delivery = parameter(
        "path", "delivery_id",
        """
        The delivery's id, as in the list of a job's deliveries. The signature covers it, exactly as it is in the \
        path.
        """, Schema.text("A UUID.", 1...Int.max, examples: [.string(Schema.sampleDelivery)]), isRequired: true)

    private static let requestID = parameter(
        "header", "X-Request-ID",
        """
        Your id for the request, repeated in replies and in the service's log. It must have 1 to 128 letters, digits, \
        dots, underscores and hyphens; the service replaces any other value by its own id.
        """, Schema.text("An id.", examples: ["order-4711"]))

    private static let idempotencyKey = parameter(
        "header", "Idempotency-Key",
        """
        Makes a repetition of the request safe: for 24 h the same key with the same body gets the first reply again, \
        without a new job or new cost. Only 200 and 201 are kept; after an error the key may be used again.
        """,
        Schema.text(
            "Visible ASCII characters.", 1...255, pattern: "^[!-~]+$",
            examples: ["7f6d7a0e-1f9d-4b0c-8f38-9d3a2b1c0d4e"]))

    private static let prefer = parameter(
        "header", "Prefer",
        "`respond-async` makes a batch job of a single car as well. Other preferences are ignored (RFC 7240).",
        Schema.text("Preferences.", examples: ["respond-async"]))

    private static let cursor = parameter(
        "query", "cursor",
        "The `next_cursor` of the previous page. Without it the page begins at the first lot.",
        Schema.text("A cursor that the service returned for this job.", 1...Int.max))

    private static let resultsLimit = parameter(
        "query", "limit", "Lots per page. Without `cursor` and `limit` all lots are sent.",
        Schema.integer("A number.", ResultsWish.limits, examples: [200])
            .with([("default", .int(ResultsWish.limitByDefault))]))

    private static let status = parameter(
        "query", "status", "Only jobs with this status.",
        Schema.choice("A status.", JobStatus.allCases.map(\.rawValue), examples: ["processing"]))

    private static let limit = parameter(
        "query", "limit", "Jobs per page.",
        Schema.integer("A number.", BatchJobs.limits, examples: [20])
            .with([("default", .int(BatchJobs.limitByDefault))]))

    private static let offset = parameter(
        "query", "offset", "Number of jobs to skip.",
        Schema.integer("A number.", examples: [0]).with([("maximum", .int(.max)), ("default", 0)]))

    private static func bound(_ name: String, _ what: String) -> JSONValue {
        parameter(
            "query", name,
            what + """
                 ISO 8601, a date or a time with an optional offset (UTC without one), compared with `created_at` as \
                it is shown, in whole seconds. A `+` must be sent as `%2B`; a space in its place is accepted.
                """,
            Schema.text(
                "A time, from 1970 on.", pattern: isoTime, format: "date-time", examples: ["2025-08-05T07:30:00Z"]))
    }

    private static let isoTime =
        #"^(19[789][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"#
        + #"([Zz]|[-+ ][0-9]{2}(:?[0-9]{2})?)?)?$"#

    private static let ifNoneMatch = parameter(
        "header", "If-None-Match", "The `ETag` of your copy. If it is current, the reply is 304.",
        Schema.text("Tags.", examples: ["*"]))

    private static func parameter(
        _ place: String, _ name: String, _ description: String, _ schema: JSONValue, isRequired: Bool = false
    ) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("name", .string(name)), ("in", .string(place)), ("description", .string(description)),
        ]
        if isRequired { members.append(("required", true)) }
        return .object(members + [("schema", schema)])
    }
}
