// The examples of requests and replies: the API document's own, shortened. Pure.
import Engine

enum Samples {
    static let lot: JSONValue = [
        "lot_id": "batch-001",
        "webhook": "https://your-app.com/webhooks/generation-complete",
        "additional_info": "2019 Mercedes C-Class, minor rear damage",
        "images": [["url": "https://example.com/merc-rear.jpg"], ["url": "https://example.com/merc-bumper.jpg"]],
    ]

    private static let secondLot: JSONValue = [
        "lot_id": "batch-002",
        "webhook": "https://your-app.com/webhooks/generation-complete",
        "additional_info": "2020 Audi A4, hail damage assessment",
        "images": [["url": "https://example.com/audi-roof.jpg"]],
    ]

    static let synchronousRequest: JSONValue = [
        "version": "1.0.0",
        "languages": ["en", "ru"],
        "lots": [
            [
                "lot_id": "sync-12345",
                "additional_info": "2021 BMW X5, front collision damage, airbags deployed",
                "images": [["url": "https://example.com/bmw-front.jpg"], ["url": "https://example.com/bmw-side.jpg"]],
            ]
        ],
    ]

    static let batchRequest: JSONValue = [
        "version": "1.0.0", "languages": ["en", "fr"], "lots": .array([lot, secondLot]),
    ]

    private static let descriptions: JSONValue = [
        ["language": "en", "damages": "<p>Minor rear-end collision damage.</p>"],
        ["language": "fr", "damages": "<p>Dommages mineurs de collision arrière.</p>"],
    ]

    static let synchronousReply: JSONValue = [
        "version": "1.0.0",
        "processing_mode": "synchronous",
        "total_lots": 1,
        "processed_at": "2025-08-05T08:30:15Z",
        "lots": .array([describedLot]),
    ]

    static let describedLot: JSONValue = [
        "lot_id": "sync-12345", "status": "completed", "processed_images": 2, "descriptions": descriptions,
        "missing_images": [],
    ]

    static let accepted: JSONValue = [
        "job_id": .string(Schema.sampleJob),
        "status": "accepted",
        "created_at": "2025-08-05T07:30:00Z",
        "total_lots": 2,
        "languages": ["en", "fr"],
        "estimated_completion": "2025-08-05T08:30:00Z",
        "processing_mode": "batch",
        "webhook_configured": true,
    ]

    static let fullProgress: JSONValue = [
        "total_lots": 100, "processed_lots": 67, "failed_lots": 3, "completion_percentage": .double(67),
        "estimated_completion": "2025-08-05T08:15:00Z",
    ]

    static let endedProgress: JSONValue = [
        "total_lots": 100, "processed_lots": 100, "failed_lots": 100, "completion_percentage": .double(100),
        "estimated_completion": nil,
    ]

    static let shortProgress: JSONValue = [
        "completion_percentage": .double(45), "estimated_completion": "2025-08-05T08:30:00Z",
    ]

    static let status: JSONValue = [
        "job_id": .string(Schema.sampleJob),
        "status": "processing",
        "created_at": "2025-08-05T07:30:00Z",
        "updated_at": "2025-08-05T07:45:00Z",
        "progress": fullProgress,
        "languages": ["en", "ru", "de"],
        "processing_details": [
            "openai_vision_batch_id": "batch_67890abc",
            "openai_translation_batch_id": nil,
            "openai_vision_batch_ids": ["batch_67890abc"],
            "openai_translation_batch_ids": [],
            "current_stage": "vision_analysis",
        ],
        "error_message": nil,
        "webhook_configured": true,
        "usage": [
            "input_tokens": 120_000, "output_tokens": 9000,
            "by_model": ["o4-mini": ["input_tokens": 120_000, "output_tokens": 9000]],
        ],
    ]

    private static let resultLot = describedLot.with([("processed_at", "2025-08-05T08:10:00Z")])

    static let results: JSONValue = [
        "job_id": .string(Schema.sampleJob),
        "status": "completed",
        "completed_at": "2025-08-05T08:15:00Z",
        "processing_summary": [
            "total_lots": 1, "processed_lots": 1, "failed_lots": 0, "total_images_processed": 2,
            "total_processing_time": "45 minutes",
        ],
        "results": ["version": "1.0.0", "lots": .array([resultLot])],
    ]

    static let jobs: JSONValue = [
        "jobs": [
            [
                "id": .string(Schema.sampleJob),
                "status": "processing",
                "created_at": "2025-08-05T07:30:00Z",
                "updated_at": "2025-08-05T07:45:00Z",
                "total_lots": 50,
                "processed_lots": 32,
                "failed_lots": 1,
                "languages": ["en", "fr"],
                "progress": ["completion_percentage": .double(64), "estimated_completion": "2025-08-05T08:20:00Z"],
                "webhook_configured": true,
            ]
        ],
        "pagination": ["limit": 20, "offset": 0, "total": 1, "has_more": false],
    ]

    static let cancelled: JSONValue = [
        "job_id": .string(Schema.sampleJob), "status": "cancelled", "cancelled_at": "2025-08-05T08:00:00Z",
        "message": "Job successfully cancelled",
    ]

    static let deliveries: JSONValue = [
        "job_id": .string(Schema.sampleJob),
        "deliveries": [
            [
                "id": .string(Schema.sampleDelivery),
                "batch_job_id": .string(Schema.sampleJob),
                "webhook_url": "https://your-app.com/webhooks/generation-complete",
                "event": "batch_job_completed",
                "status": "pending",
                "attempt_count": 1,
                "created_at": "2025-08-05T08:15:00Z",
                "last_attempt_at": "2025-08-05T08:15:01Z",
                "delivered_at": nil,
                "next_attempt_at": "2025-08-05T08:15:31Z",
                "error_message": "HTTP 503",
                "attempts": [attempt],
            ]
        ],
    ]

    private static let attempt: JSONValue = [
        "attempt": 1, "started_at": "2025-08-05T08:15:01Z", "ended_at": "2025-08-05T08:15:01Z", "http_status": 503,
        "error": "HTTP 503",
    ]

    static let redelivery: JSONValue = [
        "id": .string(Schema.sampleDelivery), "batch_job_id": .string(Schema.sampleJob), "status": "pending",
        "message": "Delivery started anew",
    ]

    /// What a receiver gets when a job ends.
    static func notification(_ status: JobStatus, error: String?) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("event", JSONValue(status.endEvent)),
            ("job_id", .string(Schema.sampleJob)),
            ("status", .string(status.rawValue)),
            ("completed_at", "2025-08-05T08:15:00Z"),
            (
                "processing_summary",
                [
                    "total_lots": 1, "processed_lots": status == .cancelled ? 0 : 1,
                    "failed_lots": status == .failed ? 1 : 0, "total_processing_time": "45 minutes",
                ]
            ),
        ]
        if let error { members.append(("error_message", .string(error))) }
        members.append(("lots", .array([notifiedLot(status, error: error)])))
        return .object(members)
    }

    private static func notifiedLot(_ status: JobStatus, error: String?) -> JSONValue {
        if status == .completed { return describedLot }
        let lot: JSONValue = [
            "lot_id": "batch-001", "status": .string(status.rawValue), "processed_images": 0, "descriptions": [],
            "missing_images": [],
        ]
        return error.map { lot.with([("error", .string($0))]) } ?? lot
    }
}
