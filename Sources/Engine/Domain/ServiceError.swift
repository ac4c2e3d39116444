// The errors that an integrator can receive. One table from code to status and title; Server/API builds the reply.

/// An error in the contract's form (C4.1).
public struct ServiceError: Error, Equatable, Sendable {
    public enum Code: String, CaseIterable, Sendable {
        case invalidJSON = "INVALID_JSON"
        case missingField = "MISSING_FIELD"
        case invalidField = "INVALID_FIELD"
        case invalidParameter = "INVALID_PARAMETER"
        case tooManyImages = "TOO_MANY_IMAGES"
        case tooManyLanguages = "TOO_MANY_LANGUAGES"
        case badRequest = "BAD_REQUEST"
        case jobNotCancellable = "JOB_NOT_CANCELLABLE"
        case missingSignature = "MISSING_SIGNATURE"
        case invalidSignature = "INVALID_SIGNATURE"
        case notFound = "NOT_FOUND"
        case jobNotFound = "JOB_NOT_FOUND"
        case deliveryNotFound = "DELIVERY_NOT_FOUND"
        case methodNotAllowed = "METHOD_NOT_ALLOWED"
        case requestTimeout = "REQUEST_TIMEOUT"
        case duplicateLotID = "DUPLICATE_LOT_ID"
        case jobAlreadyCancelled = "JOB_ALREADY_CANCELLED"
        case jobFailed = "JOB_FAILED"
        case jobCancelled = "JOB_CANCELLED"
        case jobNotCompleted = "JOB_NOT_COMPLETED"
        case requestInProgress = "REQUEST_IN_PROGRESS"
        case deliveryPending = "DELIVERY_PENDING"
        case bodyTooLarge = "BODY_TOO_LARGE"
        case lotTooLarge = "LOT_TOO_LARGE"
        case batchSizeExceeded = "BATCH_SIZE_EXCEEDED"
        case imagesTooLarge = "IMAGES_TOO_LARGE"
        case unsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
        case unsupportedVersion = "UNSUPPORTED_VERSION"
        case unsupportedLanguage = "UNSUPPORTED_LANGUAGE"
        case invalidImageURLs = "INVALID_IMAGE_URLS"
        case invalidWebhookURL = "INVALID_WEBHOOK_URL"
        case idempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED"
        case rateLimitExceeded = "RATE_LIMIT_EXCEEDED"
        case headersTooLarge = "HEADERS_TOO_LARGE"
        case internalError = "INTERNAL_ERROR"
        case openAIError = "OPENAI_API_ERROR"
        case openAIUnavailable = "OPENAI_UNAVAILABLE"
        case openAITimeout = "OPENAI_TIMEOUT"
        case serviceUnavailable = "SERVICE_UNAVAILABLE"
    }

    public var code: Code
    /// The problem and what the caller can do, in English.
    public var message: String
    /// The `details` member, where the document shows one.
    public var details: JSONValue?
    /// Members beyond the usual ones (`status`, `progress`; C4.1).
    public var extra: [(String, JSONValue)]
    /// Seconds, sent as `Retry-After`.
    public var retryAfter: Int?

    public init(
        _ code: Code, _ message: String, details: JSONValue? = nil, extra: [(String, JSONValue)] = [],
        retryAfter: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.extra = extra
        self.retryAfter = retryAfter
    }

    public static func == (a: ServiceError, b: ServiceError) -> Bool {
        a.code == b.code && a.message == b.message && a.details == b.details && a.retryAfter == b.retryAfter
            && JSONValue.object(a.extra) == JSONValue.object(b.extra)
    }
}

extension ServiceError.Code {
    /// The HTTP status of the code (the document's table, C2 to C4).
    public var status: Int {
        switch self {
        case .jobNotCompleted: 202
        case .invalidJSON, .missingField, .invalidField, .invalidParameter, .tooManyImages, .tooManyLanguages,
            .badRequest, .jobNotCancellable:
            400
        case .missingSignature: 401
        case .invalidSignature: 403
        case .notFound, .jobNotFound, .deliveryNotFound: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .duplicateLotID, .jobAlreadyCancelled, .jobFailed, .jobCancelled, .requestInProgress, .deliveryPending:
            409
        case .bodyTooLarge, .lotTooLarge, .batchSizeExceeded, .imagesTooLarge: 413
        case .unsupportedMediaType: 415
        case .unsupportedVersion, .unsupportedLanguage, .invalidImageURLs, .invalidWebhookURL, .idempotencyKeyReused:
            422
        case .rateLimitExceeded: 429
        case .headersTooLarge: 431
        case .internalError, .openAIError: 500
        case .openAIUnavailable: 502
        case .serviceUnavailable: 503
        case .openAITimeout: 504
        }
    }

    /// The `error` member: a short title for people.
    public var title: String {
        switch self {
        case .invalidJSON, .missingField, .invalidField, .invalidParameter, .tooManyImages, .tooManyLanguages,
            .badRequest:
            "Invalid request format"
        case .jobNotCancellable: "Job cannot be cancelled"
        case .missingSignature: "Authentication required"
        case .invalidSignature: "Authentication failed"
        case .notFound, .jobNotFound, .deliveryNotFound: "Not found"
        case .methodNotAllowed: "Method not allowed"
        case .requestTimeout: "Request timeout"
        case .duplicateLotID: "Conflict"
        case .jobAlreadyCancelled: "Job already cancelled"
        case .jobFailed: "Job failed"
        case .jobCancelled: "Job cancelled"
        case .jobNotCompleted: "Job not completed"
        case .requestInProgress: "Request in progress"
        case .deliveryPending: "Delivery pending"
        case .bodyTooLarge, .lotTooLarge, .batchSizeExceeded, .imagesTooLarge, .headersTooLarge: "Request too large"
        case .unsupportedMediaType: "Unsupported media type"
        case .unsupportedVersion, .unsupportedLanguage, .invalidImageURLs, .invalidWebhookURL, .idempotencyKeyReused:
            "Validation failed"
        case .rateLimitExceeded: "Too many requests"
        case .internalError: "Internal server error"
        case .openAIError, .openAIUnavailable, .openAITimeout: "External service error"
        case .serviceUnavailable: "Service unavailable"
        }
    }
}
