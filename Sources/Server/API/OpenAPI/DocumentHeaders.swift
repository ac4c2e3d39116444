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
                Identifies the request in replies and in the service's log: the client's own if it has 1 to 128 \
                letters, digits, dots, underscores and hyphens, else a generated one.
                """, Schema.text("The id.", pattern: requestIDPattern), isRequired: true)
        ),
        (
            "RateLimit-Limit",
            header(
                "Requests that this client may make in any 60 s, in the class of this request; absent without a limit.",
                count)
        ),
        ("RateLimit-Remaining", header("Requests left now.", count)),
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
                "The path of the job's status.",
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
                "The first reply is repeated: the request caused no work and no cost.",
                Schema.constant("true", "Always, if present."))
        ),
        (
            "Preference-Applied",
            header(
                "The request's `Prefer` was followed.", Schema.constant("respond-async", "Always, if present."))
        ),
        ("Vary", header("The headers that select the reply's form.", Schema.text("Headers."), isRequired: true)),
        (
            "Link",
            header(
                "The next page, unless this is the last one (RFC 8288).",
                Schema.text("A link.", pattern: #"^<[^>]*>; rel="next"$"#))
        ),
        (
            "Accept-Encoding",
            header("The supported ones, if the request's own is not.", Schema.text("Content codings."))
        ),
        ("Content-Encoding", header("The reply is compressed.", Schema.constant("gzip", "Always, if present."))),
        ("ETag", header("Changes with the content.", Schema.text("A strong tag."), isRequired: true)),
        ("Cache-Control", header("How long the reply may be cached.", Schema.text("Directives."), isRequired: true)),
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
