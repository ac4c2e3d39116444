// The headers of requests and replies in the API's document. Pure.
import Engine

enum DocumentHeaders {
    /// The form of a client's request id that is kept. Our own ids have it too.
    static let requestIDPattern = "^[A-Za-z0-9._-]{1,128}$"

    /// `components.headers`.
    static let all: [(String, JSONValue)] = [
        (
            "X-Request-ID",
            header(
                """
                Identifies the request in replies and in the service's log: the caller's own if it sent one of 1 to \
                128 letters, digits, dots, underscores and hyphens, else one of ours.
                """, Schema.text("The id.", pattern: requestIDPattern), isRequired: true)
        ),
        (
            "RateLimit-Limit",
            header(
                "Requests that this client may make in any 60 s, in the class of this request; absent if it is off.",
                count)
        ),
        ("RateLimit-Remaining", header("How many of them are left now.", count)),
        ("RateLimit-Reset", header("Seconds until all of them are available again.", count)),
        ("Retry-After", header("Seconds to wait before the next try.", count, isRequired: true)),
        ("Retry-After-If-Known", header("Seconds to wait before the next try, if that is known.", count)),
        (
            "Allow",
            header(
                "The methods that this path answers.",
                Schema.text("Methods.", pattern: "^[A-Z]+(, [A-Z]+)*$", examples: ["GET, HEAD"]), isRequired: true)
        ),
        (
            "Location",
            header(
                "Where the job's status is.",
                Schema.text(
                    "A path.", pattern: "^/api/v1/batch-status/[0-9a-f-]{36}$",
                    examples: [.string("/api/v1/batch-status/" + Schema.sampleJob)]), isRequired: true)
        ),
        (
            "Content-Disposition",
            header(
                "The file's name.",
                Schema.text(
                    "An attachment.", pattern: #"^attachment; filename="batch_results_[0-9a-f-]{36}\.(nd)?json"$"#,
                    examples: [.string("attachment; filename=\"batch_results_\(Schema.sampleJob).json\"")]),
                isRequired: true)
        ),
        (
            "Idempotent-Replayed",
            header(
                "This is the first reply again: nothing was done and nothing spent.",
                Schema.constant("true", "Always, where it stands."))
        ),
        (
            "Preference-Applied",
            header(
                "The request's `Prefer` was followed.", Schema.constant("respond-async", "Always, where it stands."))
        ),
        ("Vary", header("What the form of the reply depends on.", Schema.text("Headers."), isRequired: true)),
        (
            "Link",
            header(
                "Of a page that is not the last: where the next one is (RFC 8288).",
                Schema.text("A link.", pattern: #"^<[^>]*>; rel="next"$"#))
        ),
        (
            "Accept-Encoding",
            header("Where the request's own was not understood: those that are.", Schema.text("Content codings."))
        ),
        ("Content-Encoding", header("The reply is compressed.", Schema.constant("gzip", "Always, where it stands."))),
        ("ETag", header("Changes with the content.", Schema.text("A strong tag."), isRequired: true)),
        ("Cache-Control", header("How long it may be kept.", Schema.text("Directives."), isRequired: true)),
    ]

    /// Headers of every reply.
    static let always = ["X-Request-ID"]
    /// Headers of replies of paths below `/api/`.
    static let rates = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]

    /// The `headers` of a reply.
    static func references(_ names: [String]) -> JSONValue {
        .object(
            names.map { name in
                let header = name == "Retry-After-If-Known" ? "Retry-After" : name
                return (header, .object([("$ref", .string("#/components/headers/" + name))]))
            })
    }

    private static let count = Schema.integer("A number.", examples: [60])

    private static func header(_ description: String, _ schema: JSONValue, isRequired: Bool = false) -> JSONValue {
        var members: [(String, JSONValue)] = [("description", .string(description))]
        if isRequired { members.append(("required", true)) }
        return .object(members + [("schema", schema)])
    }
}
