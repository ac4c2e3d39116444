// The meaning of each error for a client, in a sentence or two (C1 to C4). Pure.
import Engine

extension ServiceError.Code {
    /// When the error occurs and how the client can react, as CommonMark.
    var meaning: String {
        switch self {
        case .invalidJSON, .missingField, .invalidField, .invalidParameter, .tooManyImages, .tooManyLanguages,
            .badRequest, .bodyTooLarge, .lotTooLarge, .batchSizeExceeded, .imagesTooLarge, .unsupportedMediaType,
            .unsupportedVersion, .unsupportedLanguage, .invalidImageURLs, .invalidWebhookURL, .headersTooLarge:
            meaningOfInput
        case .missingSignature: "The request is not signed."
        case .invalidSignature:
            """
            The signature is malformed or does not match the request. The message names the mistake unless that would \
            help a forger.
            """
        case .notFound: "The path does not exist."
        case .jobNotFound: "No job has this id, or it has been removed since (ended jobs are kept 30 days by default)."
        case .deliveryNotFound: "No webhook delivery has this id, or it has been removed with its job."
        case .deliveryPending: "The delivery has not ended yet; only an ended delivery can be started anew."
        case .methodNotAllowed: "The path does not support this method; `Allow` lists the methods that it supports."
        case .requestTimeout:
            """
            The request's head was not complete within \(Int(Limits.headSeconds)) s, or its body paused for more than \
            \(Int(Limits.bodyPauseSeconds)) s. The connection is closed.
            """
        case .duplicateLotID: "A `lot_id` occurs more than once in the request."
        case .jobNotCancellable: "The job has ended as completed or failed."
        case .jobAlreadyCancelled: "The job is already cancelled."
        case .jobFailed: "The job failed, so it has no results."
        case .jobCancelled: "The job was cancelled, so it has no results."
        case .jobNotCompleted: "The job has not ended yet. Ask again later."
        case .requestInProgress: "The first request with this `Idempotency-Key` is still running. Try again later."
        case .idempotencyKeyReused: "This `Idempotency-Key` was used for another body."
        case .rateLimitExceeded:
            "Too many requests of this client in the last 60 s. Try again after `Retry-After` seconds."
        case .internalError: "The service failed. The request id identifies the error in its log."
        case .openAIError:
            """
            OpenAI still answered with an error after several attempts, or the model refused or did not complete its \
            answer.
            """
        case .openAIUnavailable: "OpenAI could not be reached."
        case .openAITimeout: "The description could not be made within \(Int(Limits.synchronousSeconds)) s."
        case .serviceUnavailable: "The database is away, or the service is overloaded or shutting down. Try again."
        }
    }

    private var meaningOfInput: String {
        switch self {
        case .invalidJSON:
            """
            The body is not JSON in UTF-8, has `NaN` or `Infinity`, or a lot is nested deeper than \
            \(Limits.lotNesting) levels.
            """
        case .missingField: "Required fields are missing; all of them are listed."
        case .invalidField: "Fields have a wrong type or value; all of them are listed."
        case .invalidParameter: "A query parameter is invalid."
        case .tooManyImages:
            "A lot that is to be described at once has more than \(Limits.imagesPerSynchronousLot) images."
        case .tooManyLanguages: "The request has more than \(Limits.languages) languages."
        case .badRequest:
            "The message is not a valid HTTP/1.1 request, and the connection is closed; or its gzip is damaged."
        case .bodyTooLarge: "The body has more than \(Limits.bodyBytes) bytes (200 MB)."
        case .lotTooLarge: "A lot's JSON has more than \(Limits.lotBytes) bytes (1 MB)."
        case .batchSizeExceeded: "More than \(Limits.lotsPerRequest) lots, or more than the operator allows."
        case .imagesTooLarge: "Every image of the lot has more than \(Limits.imageBytes) bytes (10 MB)."
        case .unsupportedMediaType: "The body has to be `application/json`, in gzip or without a content coding."
        case .unsupportedVersion: "The major `version` is not 1."
        case .unsupportedLanguage: "Some languages are not supported; they are listed."
        case .invalidImageURLs:
            """
            Image URLs are not http or https, do not parse, carry credentials or name an address that is not publicly \
            reachable; or not one image of the lot could be used.
            """
        case .invalidWebhookURL: "Webhook URLs are invalid, for the same reasons as image URLs."
        case .headersTooLarge: "Request line and headers have more than \(Limits.headBytes) bytes (16 KB)."
        case _: ""
        }
    }
}
