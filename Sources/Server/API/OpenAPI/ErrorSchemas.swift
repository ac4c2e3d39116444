// Schemas of the errors, one per code. They come from the same table as the replies, with a real reply as the example
// (C4.1). Pure.
import Engine

enum ErrorSchemas {
    static let all: [(String, JSONValue)] = ServiceError.Code.allCases.map { ($0.schemaName, schema($0)) }

    /// The schema of a reply that ends with one of `codes`: exactly one of their forms.
    static func either(_ codes: [ServiceError.Code]) -> JSONValue {
        guard codes.count > 1 else { return Schema.ref(codes[0].schemaName) }
        let mapping = codes.map { ($0.rawValue, JSONValue.string("#/components/schemas/" + $0.schemaName)) }
        return [
            "oneOf": .array(codes.map { Schema.ref($0.schemaName) }),
            "discriminator": ["propertyName": "code", "mapping": .object(mapping)],
        ]
    }

    /// An example of a reply, made by the same code as the replies.
    static func example(_ code: ServiceError.Code) -> JSONValue {
        let reply = ErrorReply.make(code.sample, requestID: "4f1c2b7a9d3e4f50a1b2c3d4e5f60718")
        return (try? JSONValue.parse(reply.body)) ?? .null
    }

    private static func schema(_ code: ServiceError.Code) -> JSONValue {
        var members: [Member] = [
            .required("error", Schema.constant(code.title, "The kind of error, for people.")),
            .required("message", Schema.text("What happened and what can be done, for people.")),
            .required("code", Schema.constant(code.rawValue, "The error code, for programs.")),
            .required(
                "request_id",
                Schema.text(
                    "Identifies the request in the service's log; the same as `X-Request-ID`.",
                    pattern: DocumentHeaders.requestIDPattern)),
        ]
        if !code.details.isEmpty {
            members.append(.required("details", Schema.object("Details of the error.", code.details)))
        }
        switch code.waiting {
        case .never, .inDetails: break
        case .sometimes: members.append(.optional("retry_after", wait))
        case .always: members.append(.required("retry_after", wait))
        }
        return Schema.object(code.meaning, members + code.furtherMembers, examples: [example(code)])
    }

    static let wait = Schema.integer("Seconds to wait before the next try; as `Retry-After`.", examples: [60])
}

/// Whether the error has `Retry-After`.
enum Waiting { case never, sometimes, always, inDetails }

extension ServiceError.Code {
    /// `invalidJSON` gives `InvalidJSONError`.
    var schemaName: String {
        let name = "\(self)"
        return name.prefix(1).uppercased() + name.dropFirst() + "Error"
    }

    var waiting: Waiting {
        switch self {
        case .rateLimitExceeded, .serviceUnavailable, .requestInProgress, .openAIUnavailable: .always
        case .openAITimeout: .sometimes
        case .openAIError: .inDetails
        case .invalidJSON, .missingField, .invalidField, .invalidParameter, .tooManyImages, .tooManyLanguages,
            .badRequest, .jobNotCancellable, .missingSignature, .invalidSignature, .notFound, .jobNotFound,
            .deliveryNotFound, .deliveryPending, .methodNotAllowed, .requestTimeout, .duplicateLotID,
            .jobAlreadyCancelled, .jobFailed, .jobCancelled,
            .jobNotCompleted, .bodyTooLarge, .lotTooLarge, .batchSizeExceeded, .imagesTooLarge, .unsupportedMediaType,
            .unsupportedVersion, .unsupportedLanguage, .invalidImageURLs, .invalidWebhookURL, .idempotencyKeyReused,
            .headersTooLarge, .internalError:
            .never
        }
    }

    /// Members beside the usual ones (C4.1, C4.4).
    var furtherMembers: [Member] {
        switch self {
        case .jobNotCompleted:
            [.required("status", status(\.isOpen)), .required("progress", Schema.ref("ShortProgress"))]
        case .jobNotCancellable:
            [.required("status", status { $0 == .completed || $0 == .failed })]
        case .jobAlreadyCancelled: [.required("status", status { $0 == .cancelled })]
        case .jobFailed: [.required("status", status { $0 == .failed })] + end
        case .jobCancelled: [.required("status", status { $0 == .cancelled })] + end
        case _: []
        }
    }

    private func status(_ fits: (JobStatus) -> Bool) -> JSONValue {
        Schema.choice("The job's status.", JobStatus.allCases.filter(fits).map(\.rawValue))
    }

    private var end: [Member] {
        [
            .required("error_message", Schema.nullable(Schema.text("Why the job failed."))),
            .required("progress", Schema.ref("Progress")),
        ]
    }
}
