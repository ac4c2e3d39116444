// Schemas of the API's replies. They are exact, with no other members, and samples are made from them. The errors are
// in ErrorSchemas. Pure.
import Engine

enum ReplySchemas {
    static let all: [(String, JSONValue)] = [
        ("SynchronousReply", synchronous), ("JobAccepted", accepted), ("JobStatus", jobStatus), ("JobStage", jobStage),
        ("StatusReply", status), ("Progress", progress), ("ShortProgress", shortProgress), ("Usage", usage),
        ("TokenCount", tokenCount), ("ResultsReply", results), ("Description", description), ("DescribedLot", sentLot),
        ("ResultLot", resultLot), ("JobList", jobList), ("ListedJob", listedJob), ("CancelReply", cancelled),
    ]

    // MARK: Lots

    private static let description = Schema.object(
        "A car's damages in one language.",
        [
            .required("language", Schema.text("The language as requested.", examples: ["en"])),
            .required(
                "damages",
                Schema.text(
                    "Balanced HTML with only the elements `p ul ol li strong em br`, without attributes.",
                    examples: ["<p>Minor rear-end collision damage.</p>"])),
        ])

    /// A lot's members in every reply. Only `status` and the members that depend on it differ.
    static func lotMembers(status: JSONValue) -> [Member] {
        [
            .required(
                "lot_id", Schema.text("The car's name as sent.", 1...Limits.lotIDCharacters, examples: ["batch-001"])),
            .required("status", status),
            .required("processed_images", Schema.integer("How many images could be used.", examples: [2])),
            .required(
                "descriptions",
                Schema.list(
                    "In the requested languages and order; empty for a failed lot.", of: Schema.ref("Description"),
                    0...Limits.languages)),
            .required(
                "missing_images",
                Schema.list(
                    "The URLs of images that could not be used.", of: Schema.text("A URL as sent."),
                    examples: [["https://example.com/audi-trunk.jpg"]])),
        ]
    }

    /// `error` is present if and only if the lot failed.
    static func failing(_ lot: JSONValue) -> JSONValue {
        lot.with([
            ("if", ["properties": ["status": ["const": "failed"]]]),
            ("then", ["required": ["error"]]),
            ("else", ["not": ["required": ["error"]]]),
        ])
    }

    static let lotError = Member.optional(
        "error",
        Schema.text("Why the lot failed; absent otherwise.", examples: ["None of the images could be used"]))

    private static let descriptions: JSONValue = [
        Schema.sample(of: description),
        Schema.sample(
            of: description, ["language": "fr", "damages": "<p>Dommages mineurs de collision arrière.</p>"]),
    ]

    static let sentLot = Schema.object(
        "A described car.", lotMembers(status: Schema.constant("completed", "It was described.")),
        sample: ["lot_id": "sync-12345", "descriptions": descriptions, "missing_images": []])

    private static let resultLot = failing(
        Schema.object(
            "The result of a car in a batch.",
            lotMembers(
                status: Schema.choice("Whether it was described.", ["completed", "failed"], examples: ["completed"]))
                + [lotError, .required("processed_at", Schema.time("When it was finished."))]))

    // MARK: generate-descriptions

    private static let synchronous = Schema.object(
        "The description of one car.",
        [
            .required("version", Schema.text("As sent, or `1.0.0`.", examples: ["1.0.0"])),
            .required("processing_mode", Schema.constant("synchronous", "Described at once.")),
            .required("total_lots", Schema.integer("One.", 1...1, examples: [1])),
            .required("processed_at", Schema.time("When it was described.")),
            .required("lots", Schema.list("The car.", of: Schema.ref("DescribedLot"), 1...1)),
        ], sample: ["processed_at": "2025-08-05T08:30:15Z", "lots": [Schema.example(of: sentLot)]])

    private static let accepted = Schema.object(
        "The job and all of its lots are stored durably.",
        [
            .required("job_id", Schema.jobID),
            .required("status", Schema.constant("accepted", "The job is accepted; its own status is `pending` now.")),
            .required("created_at", Schema.time("When it was created.")),
            .required("total_lots", Schema.integer("Lots in it.", 1...Limits.lotsPerRequest, examples: [2])),
            .required("languages", languages),
            .required("estimated_completion", Schema.time("The estimated time of completion.")),
            .required("processing_mode", Schema.constant("batch", "A batch job.")),
            .required("webhook_configured", webhookConfigured),
        ], sample: ["languages": ["en", "fr"], "estimated_completion": "2025-08-05T08:30:00Z"])

    private static let languages = Schema.list(
        "As sent, or `en`.", of: Schema.text("A language.", examples: ["en"]), 1...Limits.languages, unique: true)

    private static let webhookConfigured = Schema.flag("Whether any of its lots names a webhook.", examples: [true])

    // MARK: Status

    private static let jobStatus = Schema.choice(
        """
        The status of a job. `pending`: it waits; `processing`: images are checked and described in English; \
        `translating`: the other languages are made (never for `["en"]`); then one of `completed`, `failed` (nothing \
        could be produced) and `cancelled`, which are final.
        """, JobStatus.allCases.map(\.rawValue), examples: ["processing"])

    private static let jobStage = Schema.choice(
        "The current stage; a failed or cancelled job keeps the stage in which it stopped.",
        JobStage.allCases.map(\.rawValue), examples: ["vision_analysis"])

    private static let percentage = Member.required(
        "completion_percentage",
        Schema.percentage("Processed / total x 100, one decimal; 100 only when all are done.", examples: [.double(67)]))

    private static let estimate = Member.required(
        "estimated_completion",
        Schema.nullable(
            Schema.time("The estimated time of completion, never in the past; null for an ended job.")))

    static let counts: [Member] = [
        .required("total_lots", Schema.integer("Lots in the job.", examples: [100])),
        .required(
            "processed_lots",
            Schema.integer("Lots with a final result, including failed ones. It never decreases.", examples: [67])),
        .required("failed_lots", Schema.integer("Processed lots that failed.", examples: [3])),
    ]

    static let progress = Schema.object(
        "A job's progress.", counts + [percentage, estimate],
        sample: ["estimated_completion": "2025-08-05T08:15:00Z"])

    static let shortProgress = Schema.object(
        "A job's progress, without the counts.", [percentage, estimate],
        sample: ["completion_percentage": .double(45), "estimated_completion": "2025-08-05T08:30:00Z"])

    private static let tokenCount = Schema.object(
        "Tokens.",
        [
            .required("input_tokens", Schema.integer("Tokens sent to models.", examples: [120_000])),
            .required("output_tokens", Schema.integer("Tokens of the models' answers.", examples: [9000])),
            .required(
                "cached_tokens", Schema.integer("Those of the input that were read from a cache.", examples: [0])),
            .required(
                "cache_write_tokens",
                Schema.integer("Those of the input that were written to a cache.", examples: [0])),
            .required(
                "reasoning_tokens", Schema.integer("Those of the output that models reasoned with.", examples: [2500])),
        ])

    private static let usage = Schema.object(
        "The tokens that the job has used so far.",
        [
            .required("input_tokens", Schema.integer("Tokens sent to all models.", examples: [120_000])),
            .required("output_tokens", Schema.integer("Tokens of the models' answers.", examples: [9000])),
            .required(
                "by_model", Schema.map("The same per model, by its name, with details.", to: Schema.ref("TokenCount"))),
        ])

    private static let status = Schema.object(
        "A job's status.",
        [
            .required("job_id", Schema.jobID),
            .required("status", Schema.ref("JobStatus")),
            .required("created_at", Schema.time("When it was created.")),
            .required("updated_at", Schema.time("When its status or progress last changed.")),
            .required("progress", Schema.ref("Progress")),
            .required("languages", languages),
            .required("processing_details", details),
            .required(
                "error_message",
                Schema.nullable(
                    Schema.text(
                        "Why the job failed; for an open job, the reason of its current delay, if any.",
                        examples: ["OpenAI could not be reached"]))),
            .required("webhook_configured", webhookConfigured),
            .required("usage", Schema.ref("Usage")),
        ],
        sample: [
            "status": "processing",
            "updated_at": "2025-08-05T07:45:00Z",
            "progress": Schema.example(of: progress),
            "languages": ["en", "ru", "de"],
            "processing_details": Schema.sample(
                of: details,
                [
                    "openai_translation_batch_id": nil, "openai_translation_batch_ids": [],
                    "current_stage": "vision_analysis",
                ]),
            "error_message": nil,
            "usage": Schema.sample(of: usage, ["by_model": ["o4-mini": Schema.sample(of: tokenCount)]]),
        ])

    private static let details = Schema.object(
        "The job's batches at OpenAI.",
        [
            .required("openai_vision_batch_id", batchID("The first batch that describes in English")),
            .required("openai_translation_batch_id", batchID("The first batch that translates")),
            .required("openai_vision_batch_ids", batchIDs("All batches that describe; large jobs have several.")),
            .required("openai_translation_batch_ids", batchIDs("All batches that translate.")),
            .required("current_stage", Schema.ref("JobStage")),
        ])

    private static func batchID(_ what: String) -> JSONValue {
        Schema.nullable(Schema.text(what + "; null before there is one.", examples: ["batch_67890abc"]))
    }

    private static func batchIDs(_ what: String) -> JSONValue {
        Schema.list(what, of: Schema.text("A batch's id.", examples: ["batch_67890abc"]))
    }

    // MARK: Results, list, cancel

    static func summary(_ more: [Member]) -> JSONValue {
        Schema.object(
            "The job in figures.",
            counts + more + [
                .required(
                    "total_processing_time",
                    Schema.text("Creation to end, for people.", examples: ["45 minutes", "42 seconds"]))
            ])
    }

    private static let resultSummary = summary([
        .required("total_images_processed", Schema.integer("Images that could be used.", examples: [5]))
    ])

    private static let lots = Schema.object(
        "The lots.",
        [
            .required("version", Schema.text("As sent, or `1.0.0`.", examples: ["1.0.0"])),
            .required("lots", Schema.list("In the order of the request.", of: Schema.ref("ResultLot"))),
        ])

    private static let results = Schema.object(
        "The results of a completed job.",
        [
            .required("job_id", Schema.jobID),
            .required("status", Schema.constant("completed", "Only completed jobs have results.")),
            .required("completed_at", Schema.time("When it ended.")),
            .required("processing_summary", resultSummary),
            .required("results", lots),
            .optional(
                "pagination",
                Schema.object(
                    "Present only if the request has `cursor` or `limit`.",
                    [
                        .required("limit", Schema.integer("Lots per page.", ResultsWish.limits, examples: [200])),
                        .required(
                            "next_cursor",
                            Schema.nullable(Schema.text("The `cursor` of the next page; null at the end."))),
                    ])),
        ],
        sample: [
            "completed_at": "2025-08-05T08:15:00Z",
            "processing_summary": Schema.sample(
                of: resultSummary,
                ["total_lots": 1, "processed_lots": 1, "failed_lots": 0, "total_images_processed": 2]),
            "results": Schema.sample(
                of: lots,
                [
                    "lots": [
                        Schema.sample(
                            of: resultLot,
                            [
                                "lot_id": "sync-12345", "descriptions": descriptions, "missing_images": [],
                                "processed_at": "2025-08-05T08:10:00Z",
                            ])
                    ]
                ]),
        ])

    private static let listedJob = Schema.object(
        "A job in a list.",
        [
            .required("id", Schema.jobID),
            .required("status", Schema.ref("JobStatus")),
            .required("created_at", Schema.time("When it was created.")),
            .required("updated_at", Schema.time("When its status or progress last changed.")),
        ] + counts + [
            .required("languages", languages),
            .required("progress", Schema.ref("ShortProgress")),
            .required("webhook_configured", webhookConfigured),
        ])

    private static let jobList = Schema.object(
        "A page of jobs, newest first.",
        [
            .required("jobs", Schema.list("The jobs.", of: Schema.ref("ListedJob"), 0...BatchJobs.limits.upperBound)),
            .required(
                "pagination",
                Schema.object(
                    "The position of the page in the list.",
                    [
                        .required("limit", Schema.integer("As requested.", BatchJobs.limits, examples: [20])),
                        .required("offset", Schema.integer("As requested.", examples: [0])),
                        .required("total", Schema.integer("Jobs that the filter matches.", examples: [1])),
                        .required("has_more", Schema.flag("Whether further jobs follow.", examples: [false])),
                    ])),
        ],
        sample: [
            "jobs": [
                Schema.sample(
                    of: listedJob,
                    [
                        "status": "processing", "updated_at": "2025-08-05T07:45:00Z", "total_lots": 50,
                        "processed_lots": 32, "failed_lots": 1, "languages": ["en", "fr"],
                        "progress": Schema.sample(
                            of: shortProgress,
                            ["completion_percentage": .double(64), "estimated_completion": "2025-08-05T08:20:00Z"]),
                    ])
            ]
        ])

    private static let cancelled = Schema.object(
        "The job was cancelled by this request.",
        [
            .required("job_id", Schema.jobID),
            .required("status", Schema.constant("cancelled", "Its status now.")),
            .required("cancelled_at", Schema.time("When.")),
            .required("message", Schema.text("For people.", examples: ["Job successfully cancelled"])),
        ], sample: ["cancelled_at": "2025-08-05T08:00:00Z"])
}
