// Schemas of requests. They allow unknown members, because the service ignores them although the signature covers them
// (C1.2, C2.2). Pure.
import Engine

enum RequestSchemas {
    static let all: [(String, JSONValue)] = [
        ("GenerateRequest", generate), ("Lot", lot), ("Image", image),
    ]

    private static let generate = Schema.openObject(
        """
        One car to be described at once, or up to \(Limits.lotsPerRequest) as a batch job. The members may be in any \
        order. The last value of a repeated member counts. `null` for an optional member means that it is absent.
        """,
        [
            .required(
                "lots",
                Schema.list(
                    """
                    The cars. Exactly one without a `webhook` is described at once; everything else becomes a batch \
                    job. Each `lot_id` must be unique. The operator may set a lower limit (`MAX_BATCH_SIZE`).
                    """, of: Schema.ref("Lot"), 1...Limits.lotsPerRequest)),
            .optional("signature", signature),
            .optional("languages", languages),
            .optional("version", version),
        ], examples: [Samples.synchronousRequest, Samples.batchRequest])

    /// Has no type, because the member is ignored if the header is present.
    private static let signature: JSONValue = [
        "description": """
        The signature over the canonical text of `lots` (see "Signatures"), for callers that cannot set headers: a \
        string like `X-Signature`. If the header is sent as well, the header decides and this member is ignored.
        """,
        "examples": .array([.string("sha256=" + String(repeating: "0a", count: 32))]),
    ]

    private static let languages = Schema.nullable(
        Schema.list(
            """
            The languages of the descriptions, in the order in which they are wanted; English only where it is asked \
            for. ISO 639-1 codes with an optional script or region, such as `pt-BR` or `zh-Hant`; upper and lower \
            case are the same, and no language may come twice. Codes: \(Languages.codes.joined(separator: ", ")).
            """,
            of: Schema.text("A language.", pattern: "^[A-Za-z]{2}(-[0-9A-Za-z]{2,4})?$", examples: ["en", "pt-BR"]),
            1...Limits.languages, unique: true, examples: [["en", "ru", "de"]]
        ).with([("default", JSONValue(["en"]))]))

    private static let version = Schema.nullable(
        Schema.text(
            "The version of this format; its major version has to be 1. It is echoed in replies.",
            1...64, pattern: #"^1(\.[^\u0000]*)?$"#, examples: ["1.0.0"]
        ).with([("default", "1.0.0")]))

    private static let lot = Schema.openObject(
        """
        A car. Its JSON text may have \(Limits.lotBytes) bytes (1 MB) and be nested \(Limits.lotNesting) levels deep, \
        the lot itself being the first.
        """,
        [
            .required(
                "lot_id",
                Schema.text(
                    "Your name for the car, unique in the request. Characters are Unicode code points.",
                    1...Limits.lotIDCharacters, pattern: #"^[^\u0000]+$"#, examples: ["batch-001"])),
            .required(
                "images",
                Schema.list(
                    """
                    Photographs of the car. Up to \(Limits.imagesPerSynchronousLot) for a car that is described at \
                    once, any number in a batch. `missing_images` lists those that cannot be used. A car without a \
                    usable image fails.
                    """, of: Schema.ref("Image"), 1...Int.max)),
            .optional(
                "additional_info",
                Schema.nullable(
                    Schema.text(
                        "Additional facts about the car, for a better description.", pattern: Schema.withoutNUL,
                        examples: ["2019 Mercedes C-Class, minor rear damage"]))),
            .optional("webhook", webhook),
        ], examples: [Samples.lot])

    private static let webhook = Schema.nullable(
        Schema.text(
            """
            The http or https URL that gets the result when the job has ended. Each distinct URL of a job gets one \
            delivery with only its own lots. A single car with a `webhook` becomes a batch job.
            """, pattern: Schema.webURL, format: "uri", examples: ["https://your-app.com/webhooks/generation-complete"]
        ))

    private static let image = Schema.openObject(
        "A photograph.",
        [
            .required(
                "url",
                Schema.text(
                    """
                    An http or https URL without credentials, on a publicly reachable host, leading to a JPEG, PNG, \
                    WebP or GIF of at most \(Limits.imageBytes) bytes (10 MB), over at most \(Limits.imageRedirects) \
                    redirects.
                    """, pattern: Schema.webURL, format: "uri", examples: ["https://example.com/merc-rear.jpg"]))
        ], examples: [["url": "https://example.com/merc-rear.jpg"]])
}

extension Schema {
    /// http or https and a host; no white space and no backslash. The service checks more (C3.3, C7).
    static let webURL = #"^[Hh][Tt][Tt][Pp][Ss]?://[^\s\\/?#@]+([/?#][^\s\\\u0000-\u001f\u007f]*)?$"#
}
