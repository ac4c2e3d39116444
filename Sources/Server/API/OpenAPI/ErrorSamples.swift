// One error per code, as the service makes them: the examples of the API's document. Pure.
import Engine

extension ServiceError.Code {
    var sample: ServiceError {
        switch self {
        case .invalidJSON: ServiceError(self, "Request body must be valid JSON")
        case .missingField: missing
        case .invalidField: fields("lots[0].lot_id", "Invalid field: lots[0].lot_id must have 1 to 255 characters")
        case .invalidParameter: QueryParameters.problem("limit", "must be a whole number, 1 to 100")
        case .tooManyImages:
            ServiceError(self, "Number of images exceeds maximum limit of 20", details: over("provided_images", 20))
        case .tooManyLanguages:
            ServiceError(
                self, "Number of languages exceeds maximum limit of 10", details: over("provided_languages", 10))
        case .badRequest: ServiceError(self, "The request is malformed: exactly one Host header is needed.")
        case .missingSignature:
            ServiceError(self, "Missing HMAC signature: send it in the X-Signature header")
        case .invalidSignature: ServiceError(self, "Invalid HMAC signature")
        case .notFound: ServiceError(self, "There is nothing at this path")
        case .jobNotFound: Call.jobNotFound
        case .methodNotAllowed: ServiceError(self, "This path answers POST only")
        case .requestTimeout: ServiceError(self, "The request body took too long to arrive")
        case .duplicateLotID:
            ServiceError(self, "Duplicate lot_id values detected", details: list("duplicate_lot_ids", "batch-001"))
        case .jobNotCancellable, .jobAlreadyCancelled, .jobFailed, .jobCancelled, .jobNotCompleted: ofJob
        case .deliveryNotFound: ServiceError(self, "There is no webhook delivery with this id")
        case .deliveryPending: ServiceError(self, "The delivery has not ended yet")
        case .requestInProgress:
            ServiceError(self, "The first request with this Idempotency-Key is still in progress", retryAfter: 5)
        case .bodyTooLarge: Ingest.bodyTooLarge
        case .lotTooLarge:
            ServiceError(
                self, "lots[17] exceeds the maximum size of a lot (1 MB)",
                details: ["path": "lots[17]", "max_bytes": .int(Limits.lotBytes)])
        case .batchSizeExceeded:
            ServiceError(
                self, "Batch size exceeds maximum limit of 50,000 lots", details: over("provided_lots", 50_000))
        case .imagesTooLarge, .invalidImageURLs, .invalidWebhookURL: ofURLs
        case .unsupportedMediaType: ServiceError(self, "Content-Type must be application/json")
        case .unsupportedVersion:
            ServiceError(
                self, "Unsupported version: only major version 1 is supported",
                details: ["version": "2.0.0", "supported_major": "1"])
        case .unsupportedLanguage:
            ServiceError(
                self, "Unsupported language codes detected", details: list("unsupported_languages", "xx"))
        case .idempotencyKeyReused: ServiceError(self, "This Idempotency-Key was used with another body")
        case .rateLimitExceeded:
            ServiceError(self, "Rate limit of 10 requests per minute exceeded", retryAfter: 42)
        case .headersTooLarge: ServiceError(self, "The request head is larger than \(Limits.headBytes) bytes.")
        case .internalError: .unexpected
        case .openAIError:
            ServiceError(
                self, "OpenAI API request failed",
                details: ["openai_error": "Model overloaded", "retry_after": 60], retryAfter: 60)
        case .openAIUnavailable: ServiceError(self, "OpenAI could not be reached", retryAfter: 60)
        case .openAITimeout: ServiceError(self, "OpenAI did not answer in time", retryAfter: 60)
        case .serviceUnavailable: .databaseAway
        }
    }

    private var missing: ServiceError {
        fields("lots[17].images[0].url", "Missing required field: lots[17].images[0].url")
    }

    private func fields(_ path: String, _ message: String) -> ServiceError {
        ServiceError(self, message, details: ["path": .string(path), "fields": JSONValue([path]), "count": 1])
    }

    private func over(_ name: String, _ limit: Int) -> JSONValue {
        .object([(name, .int(limit + limit / 2)), ("max_allowed", .int(limit))])
    }

    private func list(_ name: String, _ element: String) -> JSONValue {
        .object([(name, JSONValue([element])), ("count", 1)])
    }

    private var ofURLs: ServiceError {
        switch self {
        case .imagesTooLarge:
            ServiceError(
                self, "Images exceed maximum size of 10 MB",
                details: list("invalid_urls", "https://example.com/huge.jpg"))
        case .invalidWebhookURL:
            ServiceError(
                self, "Invalid webhook URLs detected",
                details: [
                    "invalid_urls": ["http://10.0.0.1/hook"], "count": 1, "fields": ["lots[0].webhook"],
                    "reasons": ["names a forbidden address"],
                ])
        case _:
            ServiceError(
                self, "Invalid image URLs detected",
                details: [
                    "invalid_urls": ["ftp://example.com/car.jpg"], "count": 1, "fields": ["lots[0].images[0].url"],
                    "reasons": ["is not an http or https URL"],
                ])
        }
    }

    private var ofJob: ServiceError {
        let end: [(String, JSONValue)] = [
            ("error_message", JSONValue(self == .jobFailed ? "All 100 lots failed" : nil)),
            (
                "progress",
                Schema.sample(
                    of: ReplySchemas.progress,
                    [
                        "processed_lots": 100, "failed_lots": 100, "completion_percentage": .double(100),
                        "estimated_completion": nil,
                    ])
            ),
        ]
        return switch self {
        case .jobFailed: ServiceError(self, "Job failed; it has no results", extra: [("status", "failed")] + end)
        case .jobCancelled:
            ServiceError(self, "Job was cancelled; it has no results", extra: [("status", "cancelled")] + end)
        case .jobAlreadyCancelled:
            ServiceError(self, "The job has been cancelled already", extra: [("status", "cancelled")])
        case .jobNotCancellable:
            ServiceError(
                self,
                "Only pending, processing, or translating jobs can be cancelled. Current status: completed",
                extra: [("status", "completed")])
        case _:
            ServiceError(
                self,
                "Job is currently processing. Results will be available when status is 'completed'.",
                extra: [("status", "processing"), ("progress", Schema.example(of: ReplySchemas.shortProgress))])
        }
    }
}
