// The endpoints of webhook deliveries, and the webhooks themselves, in the API's document (C6). Pure.
import Engine

enum DeliveryOperations {
    static let tag = "Webhooks"

    static let all = [list, redeliver]

    private static let list = Operation(
        path: "/api/v1/batch-jobs/{job_id}/webhook-deliveries", id: "listWebhookDeliveries", tag: tag,
        summary: "A job's webhook deliveries, with their attempts", description: "The signature covers the job's id.",
        parameters: ["JobID"],
        answers: [
            Answer(
                description: "The deliveries.", schema: Schema.ref("DeliveryList"),
                links: [(operation: "redeliverWebhook", parameter: "delivery_id", pointer: "/deliveries/0/id")])
        ], errors: [.jobNotFound])

    private static let redeliver = Operation(
        method: "post", path: "/api/v1/webhook-deliveries/{delivery_id}/redeliver", id: "redeliverWebhook", tag: tag,
        summary: "Start an ended delivery anew",
        description: "The signature covers the delivery's id; the body is ignored.", parameters: ["DeliveryID"],
        answers: [
            Answer(
                status: 202, description: "It will be attempted anew.", schema: Schema.ref("RedeliveryReply"))
        ], errors: [.deliveryNotFound, .deliveryPending])

    // MARK: Webhooks

    static let webhooks: JSONValue = .object(
        JobStatus.allCases.compactMap { status in
            status.endEvent.map { ($0, .object([("post", notification(status, event: $0))])) }
        })

    private static func notification(_ status: JobStatus, event: String) -> JSONValue {
        let schema = status.rawValue.prefix(1).uppercased() + status.rawValue.dropFirst() + "Notification"
        let body: JSONValue = [
            "required": true,
            "content": [
                "application/json": [
                    "schema": Schema.ref(schema),
                    "example": Schema.example(of: DeliverySchemas.notification(status)),
                ]
            ],
        ]
        return [
            "operationId": .string(event),
            "tags": [.string(tag)],
            "summary": .string("A job is \(status.rawValue)"),
            "description": .string(DocumentProse.webhooks),
            "security": [],
            "parameters": .array(headers),
            "requestBody": body,
            "responses": responses,
        ]
    }

    private static let responses: JSONValue = [
        "200": ["description": "Delivered."],
        "201": ["description": "Delivered."],
        "202": ["description": "Delivered."],
        "default": ["description": "Not delivered; the service tries again unless this was the last attempt."],
    ]

    private static let headers: [JSONValue] = [
        header(
            "X-Signature", "`sha256=` and the hex HMAC-SHA256 of the exact bytes of the body, with the shared key.",
            Schema.text("A signature.", pattern: "^sha256=[0-9a-f]{64}$")),
        header("User-Agent", "The user agent of the service.", Schema.constant(UserAgent.webhook, "Always.")),
        header("X-Delivery-Attempt", "Counts from 1.", Schema.integer("A number.", 1...Int.max, examples: [1])),
        header("X-Job-ID", "The job's id.", Schema.jobID),
        header(
            "X-Request-ID", "The `X-Request-ID` of the request that created the job.",
            Schema.text("The id.", pattern: DocumentHeaders.requestIDPattern), isAlwaysThere: false),
        header(
            "webhook-id", "The delivery's id, the same in all of its attempts (Standard Webhooks).",
            Schema.uuid("An id.", example: Schema.sampleDelivery)),
        header(
            "webhook-timestamp", "When this attempt was signed, seconds since 1970 (Standard Webhooks).",
            Schema.integer("Seconds.", examples: [1_754_381_700])),
        header(
            "webhook-signature",
            """
            `v1,` and the base64 HMAC-SHA256 of `webhook-id.webhook-timestamp.body` (Standard Webhooks). During a key \
            rotation it has one signature per key, separated by a space.
            """, Schema.text("Signatures.", pattern: "^v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)?$")),
    ]

    private static func header(
        _ name: String, _ description: String, _ schema: JSONValue, isAlwaysThere: Bool = true
    ) -> JSONValue {
        [
            "name": .string(name), "in": "header", "required": .bool(isAlwaysThere),
            "description": .string(description), "schema": schema,
        ]
    }
}
