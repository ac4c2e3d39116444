// Schemas of webhook deliveries: the API's replies (C6.3) and the webhooks' bodies (C6.1, C6.4). Pure.
import Engine

enum DeliverySchemas {
    static let all: [(String, JSONValue)] = [
        ("DeliveryList", list), ("Delivery", delivery), ("DeliveryAttempt", attempt), ("RedeliveryReply", redelivery),
        ("CompletedNotification", notification(.completed)), ("FailedNotification", notification(.failed)),
        ("CancelledNotification", notification(.cancelled)),
    ]

    private static let statuses = ["pending", "delivered", "failed"]
    private static let deliveryID = Schema.uuid("The delivery's id.", example: Schema.sampleDelivery)

    private static let attempt = Schema.object(
        "One attempt to deliver.",
        [
            .required("attempt", Schema.integer("Its number.", 1...Int.max, examples: [1])),
            .required("started_at", Schema.time("When it began.")),
            .required("ended_at", nullableTime("When it ended; null while it runs, or if it was cut off by a crash.")),
            .required(
                "http_status",
                Schema.nullable(
                    Schema.integer("The receiver's reply; null without one.", 100...999, examples: [200]))),
            .required("error", Schema.nullable(Schema.text("Why it failed; null otherwise.", examples: ["HTTP 503"]))),
        ])

    private static let delivery = Schema.object(
        "The delivery of a job's notification to one webhook URL.",
        [
            .required("id", deliveryID),
            .required("batch_job_id", Schema.jobID),
            .required("webhook_url", Schema.text("As sent.", examples: ["https://your-app.com/webhooks/done"])),
            .required(
                "event",
                Schema.choice(
                    "The event's name.", JobStatus.allCases.compactMap(\.endEvent), examples: ["batch_job_completed"])),
            .required(
                "status",
                Schema.choice(
                    "`failed`: the last attempt failed and no other will follow.", statuses, examples: ["delivered"])),
            .required("attempt_count", Schema.integer("Attempts made.", examples: [1])),
            .required("created_at", Schema.time("When the job ended.")),
            .required("last_attempt_at", nullableTime("When the last attempt ended.")),
            .required("delivered_at", nullableTime("When it was delivered.")),
            .required("next_attempt_at", nullableTime("When the next attempt begins; null unless pending.")),
            .required(
                "error_message", Schema.nullable(Schema.text("Why the last attempt failed.", examples: ["HTTP 503"]))),
            .required("attempts", Schema.list("All attempts, oldest first.", of: Schema.ref("DeliveryAttempt"))),
        ])

    private static func nullableTime(_ description: String) -> JSONValue { Schema.nullable(Schema.time(description)) }

    private static let list = Schema.object(
        "A job's deliveries; empty before the job has ended.",
        [
            .required("job_id", Schema.jobID),
            .required("deliveries", Schema.list("One per distinct URL.", of: Schema.ref("Delivery"))),
        ],
        sample: [
            "deliveries": [
                Schema.sample(
                    of: delivery,
                    [
                        "webhook_url": "https://your-app.com/webhooks/generation-complete",
                        "status": "pending",
                        "created_at": "2025-08-05T08:15:00Z",
                        "last_attempt_at": "2025-08-05T08:15:01Z",
                        "delivered_at": nil,
                        "next_attempt_at": "2025-08-05T08:15:31Z",
                        "attempts": [
                            Schema.sample(
                                of: attempt,
                                [
                                    "started_at": "2025-08-05T08:15:01Z", "ended_at": "2025-08-05T08:15:01Z",
                                    "http_status": 503,
                                ])
                        ],
                    ])
            ]
        ])

    private static let redelivery = Schema.object(
        "The delivery starts anew.",
        [
            .required("id", deliveryID),
            .required("batch_job_id", Schema.jobID),
            .required("status", Schema.constant("pending", "Its status now.")),
            .required("message", Schema.text("For people.")),
        ], sample: ["message": "Delivery started anew"])

    // MARK: Webhooks

    static func notification(_ status: JobStatus) -> JSONValue {
        let summary = ReplySchemas.summary([])
        let lot = lot(status)
        var members: [Member] = [
            .required("event", Schema.constant(status.endEvent ?? "", "What happened.")),
            .required("job_id", Schema.jobID),
            .required("status", Schema.constant(status.rawValue, "The job's status.")),
            .required("completed_at", Schema.time("When the job ended.")),
            .required("processing_summary", summary),
        ]
        let message = Schema.text("Why the job failed.", examples: ["All 2 lots failed; the first one: no images"])
        switch status {
        case .failed: members.append(.required("error_message", message))
        case .cancelled: members.append(.optional("error_message", message))
        case .pending, .processing, .translating, .completed: break
        }
        members.append(
            .required("lots", Schema.list("The lots that name this URL, in the order of the request.", of: lot))
        )
        return Schema.object(title(status), members, sample: sample(status, summary: summary, lot: lot))
    }

    private static func sample(_ status: JobStatus, summary: JSONValue, lot: JSONValue) -> Schema.Changes {
        let figures: Schema.Changes = [
            "total_lots": 1, "processed_lots": status == .cancelled ? 0 : 1, "failed_lots": status == .failed ? 1 : 0,
        ]
        var changes: Schema.Changes = [
            "completed_at": "2025-08-05T08:15:00Z", "processing_summary": Schema.sample(of: summary, figures),
        ]
        var lotChanges: Schema.Changes = ["processed_images": 0, "descriptions": [], "missing_images": []]
        if status == .failed {
            changes["error_message"] = "None of the images could be used"
            lotChanges["error"] = "None of the images could be used"
        }
        let sampleLot =
            status == .completed ? Schema.example(of: ReplySchemas.sentLot) : Schema.sample(of: lot, lotChanges)
        changes["lots"] = [sampleLot]
        return changes
    }

    private static func title(_ status: JobStatus) -> String {
        switch status {
        case .completed: "A job is completed."
        case .failed: "A job has failed: no lot could be described."
        case .cancelled: "A job was cancelled. The status of a lot says whether it has a final result."
        case .pending, .processing, .translating: ""
        }
    }

    private static func lot(_ status: JobStatus) -> JSONValue {
        let ends = status == .cancelled ? ["completed", "failed", "cancelled"] : ["completed", "failed"]
        let word = Schema.choice("The result of the lot.", ends, examples: [.string(status.rawValue)])
        return ReplySchemas.failing(
            Schema.object("A lot.", ReplySchemas.lotMembers(status: word) + [ReplySchemas.lotError]))
    }
}
