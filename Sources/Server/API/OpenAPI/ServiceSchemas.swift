// Schemas of the replies of /health and its relatives (C9). Pure.
import Engine

enum ServiceSchemas {
    static let all: [(String, JSONValue)] = [
        ("HealthReport", report), ("PartHealth", partStatus), ("LiveReply", live), ("ReadyReply", ready),
    ]

    private static let partStatus = Schema.choice(
        "How a part is.", ["healthy", "unhealthy"], examples: ["healthy"])

    private static func share(_ what: String) -> JSONValue {
        Schema.nullable(
            Schema.percentage(what + "; null if the system does not tell.", examples: [.double(12.5)]))
    }

    private static let report = Schema.object(
        "The service and its parts.",
        [
            .required("status", Schema.ref("PartHealth")),
            .required("timestamp", Schema.time("Now.")),
            .required(
                "system",
                Schema.object(
                    "The machine, in percent.",
                    [
                        .required("cpu_percent", share("Processor time used since a report a second or more ago")),
                        .required("memory_percent", share("Memory used")),
                        .required("disk_percent", share("Disk space used")),
                    ])),
            .required("database", database),
            .required(
                "background_worker",
                Schema.object(
                    "What works on the jobs in this instance.",
                    [
                        .required("status", Schema.ref("PartHealth")),
                        .required(
                            "last_activity",
                            Schema.nullable(Schema.time("Its last sign of life; null if there was none."))),
                    ])),
            .required("openai", openAI),
        ])

    private static let failure = Member.optional(
        "error", Schema.text("What is wrong; only in an unhealthy part.", examples: ["not connected"]))

    private static let database = Schema.object(
        "PostgreSQL, and what it says of the last 24 hours.",
        [
            .required("status", Schema.ref("PartHealth")),
            .optional("jobs_24h", Schema.integer("Jobs created.", examples: [12])),
            .optional(
                "webhook_deliveries",
                Schema.map("Webhook deliveries by their status.", to: Schema.integer("How many.", examples: [3]))),
            failure,
        ])

    private static let openAI = Schema.object(
        "OpenAI, as it answered within the last half minute.",
        [
            .required(
                "status",
                Schema.choice("`unknown`: not asked yet.", ["healthy", "unhealthy", "unknown"], examples: ["healthy"])),
            .optional("response_time_ms", Schema.integer("How long it took, milliseconds.", examples: [150])),
            failure,
        ])

    private static let live = Schema.object(
        "The process answers.", [.required("status", Schema.constant("alive", "Always."))])

    private static let ready = Schema.object(
        "Requests may be sent here.", [.required("status", Schema.constant("ready", "Always."))])
}
