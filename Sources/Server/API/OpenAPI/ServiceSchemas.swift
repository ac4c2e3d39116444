// Schemas of the replies of /health and its relatives (C9). Pure.
import Engine

enum ServiceSchemas {
    static let all: [(String, JSONValue)] = [
        ("HealthReport", report), ("PartHealth", partStatus), ("LiveReply", live), ("ReadyReply", ready),
    ]

    private static let partStatus = Schema.choice(
        "The state of a part.", ["healthy", "unhealthy"], examples: ["healthy"])

    private static func share(_ what: String) -> JSONValue {
        Schema.nullable(
            Schema.percentage(what + "; null if the system does not report it.", examples: [.double(12.5)]))
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
                    "The worker of this instance.",
                    [
                        .required("status", Schema.ref("PartHealth")),
                        .required(
                            "last_activity",
                            Schema.nullable(Schema.time("Time of its last sign of life; null without one."))),
                    ])),
            .required("openai", openAI),
        ])

    private static let failure = Member.optional(
        "error", Schema.text("The error; only for an unhealthy part.", examples: ["not connected"]))

    private static let database = Schema.object(
        "PostgreSQL, with counts of the last 24 hours.",
        [
            .required("status", Schema.ref("PartHealth")),
            .optional("jobs_24h", Schema.integer("Jobs created.", examples: [12])),
            .optional(
                "webhook_deliveries",
                Schema.map("Webhook deliveries by their status.", to: Schema.integer("How many.", examples: [3]))),
            failure,
        ])

    private static let openAI = Schema.object(
        "OpenAI, checked within the last 30 s.",
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
