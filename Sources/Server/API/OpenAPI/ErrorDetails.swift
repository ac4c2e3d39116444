// The `details` of each error, as members of a schema (C2, C3, C4.1). Pure.
import Engine

extension ServiceError.Code {
    /// Empty if the error has no `details`.
    var details: [Member] {
        switch self {
        case .missingField, .invalidField: ErrorDetails.fields
        case .invalidParameter:
            [.required("parameter", Schema.text("The parameter's name.", examples: ["limit"]))]
        case .tooManyImages:
            ErrorDetails.counts("provided_images", "Images of the lot.", Limits.imagesPerSynchronousLot)
        case .tooManyLanguages: ErrorDetails.counts("provided_languages", "Languages sent.", Limits.languages)
        case .batchSizeExceeded: ErrorDetails.counts("provided_lots", "All lots of the request.", Limits.lotsPerRequest)
        case .duplicateLotID: ErrorDetails.list("duplicate_lot_ids", "The repeated `lot_id`s, each once.")
        case .unsupportedLanguage: ErrorDetails.list("unsupported_languages", "The codes that are not supported.")
        case .imagesTooLarge: ErrorDetails.list("invalid_urls", "The URLs of the lot.")
        case .invalidImageURLs: ErrorDetails.urls(alwaysWithReasons: false)
        case .invalidWebhookURL: ErrorDetails.urls(alwaysWithReasons: true)
        case .bodyTooLarge: [ErrorDetails.maxBytes(Limits.bodyBytes)]
        case .lotTooLarge:
            [
                .required("path", Schema.text("Which lot.", examples: ["lots[17]"])),
                ErrorDetails.maxBytes(Limits.lotBytes),
            ]
        case .unsupportedVersion:
            [
                .required("version", Schema.text("As sent.", examples: ["2.0.0"])),
                .required("supported_major", Schema.constant("1", "The major version that is supported.")),
            ]
        case .openAIError:
            [
                .required("openai_error", Schema.text("The message of OpenAI.", examples: ["Model overloaded"])),
                .required("retry_after", ErrorSchemas.wait),
            ]
        case .invalidJSON, .badRequest, .jobNotCancellable, .missingSignature, .invalidSignature, .notFound,
            .jobNotFound, .deliveryNotFound, .methodNotAllowed, .requestTimeout, .jobAlreadyCancelled, .jobFailed,
            .jobCancelled,
            .jobNotCompleted, .requestInProgress, .deliveryPending, .unsupportedMediaType, .idempotencyKeyReused,
            .rateLimitExceeded,
            .headersTooLarge, .internalError, .openAIUnavailable, .openAITimeout, .serviceUnavailable:
            []
        }
    }
}

private enum ErrorDetails {
    static let bound = 0...Limits.detailEntries

    static let fields: [Member] = [
        .required("path", Schema.text("The first one.", examples: ["lots[17].images[0].url"])),
        .required(
            "fields",
            Schema.list(
                "The first \(Limits.detailEntries).", of: Schema.text("A field's path."), bound,
                examples: [["lots[17].images[0].url"]])),
        .required("count", Schema.integer("The total number.", 1...Int.max, examples: [1])),
    ]

    static func list(_ name: String, _ what: String) -> [Member] {
        [
            .required(
                name, Schema.list(what + " The first \(Limits.detailEntries).", of: Schema.text("As sent."), bound)),
            .required("count", Schema.integer("The total number.", 1...Int.max, examples: [1])),
        ]
    }

    static func urls(alwaysWithReasons: Bool) -> [Member] {
        let member = alwaysWithReasons ? Member.required : Member.optional
        let rest = alwaysWithReasons ? "" : " Absent if the images themselves were checked."
        return list("invalid_urls", "The URLs that cannot be used.") + [
            member(
                "fields", Schema.list("Their paths in the request." + rest, of: Schema.text("A field's path."), bound)),
            member(
                "reasons", Schema.list("The mistake of each URL." + rest, of: Schema.text("A reason."), bound)),
        ]
    }

    static func counts(_ name: String, _ what: String, _ limit: Int) -> [Member] {
        [
            .required(name, Schema.integer(what, examples: [.int(limit + 1)])),
            .required("max_allowed", Schema.integer("The limit.", 1...limit, examples: [.int(limit)])),
        ]
    }

    static func maxBytes(_ limit: Int) -> Member {
        .required("max_bytes", Schema.integer("The limit in bytes.", limit...limit, examples: [.int(limit)]))
    }
}
