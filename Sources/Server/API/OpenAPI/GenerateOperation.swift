// POST /api/v1/generate-descriptions in the API's document. Pure.
import Engine

enum GenerateOperation {
    static let all = [
        Operation(
            method: "post", path: "/api/v1/generate-descriptions", id: "generateDescriptions", tag: "Descriptions",
            summary: "Describe one car at once, or many as a batch job",
            description: description, signed: .lots, parameters: ["IdempotencyKey", "Prefer"], body: "GenerateRequest",
            answers: [
                Answer(
                    description: "The car is described.", schema: Schema.ref("SynchronousReply"),
                    headers: ["Idempotent-Replayed"]),
                Answer(
                    status: 201,
                    description: """
                        The job and all of its lots are stored; nothing can be lost any more. Poll its status, or wait \
                        for the webhook.
                        """, schema: Schema.ref("JobAccepted"),
                    headers: ["Location", "Idempotent-Replayed", "Preference-Applied"],
                    links: (JobOperations.all + DeliveryOperations.all).compactMap { next in
                        next.path.contains("{job_id}")
                            ? (operation: next.id, parameter: "job_id", pointer: "/job_id") : nil
                    }),
            ], errors: errors, samples: SampleCalls.generate)
    ]

    private static let description = """
        **One car without a `webhook`** is described while you wait, at most \
        \(Int(Limits.synchronousSeconds)) s: 200 with its descriptions. If you hang up, the work is cancelled.

        **Everything else** (2 to \(Limits.lotsPerRequest) cars, one car with a `webhook`, or one sent with \
        `Prefer: respond-async`) becomes a batch job, done within 24 h: 201 with a `job_id`.

        The body may have \(Limits.bodyBytes) bytes (200 MB). It may be sent with `Content-Encoding: gzip`, as one \
        whole member: the signature and the limit are about what comes out of it, and what is no such member gets 400 \
        `BAD_REQUEST`. The first description is made in English from the \
        images and `additional_info`; the other languages are translated from it.

        What is signed is `lots`, or the raw body: see "Signatures". Apart from what is needed to read the request at \
        all, nothing is told about its content before the signature holds. After that, all problems of one kind are \
        reported together, the first \(Limits.detailEntries) of them in full.
        """

    private static let errors: [ServiceError.Code] = [
        .invalidJSON, .missingField, .invalidField, .tooManyImages, .tooManyLanguages, .duplicateLotID,
        .requestInProgress, .bodyTooLarge, .lotTooLarge, .batchSizeExceeded, .imagesTooLarge, .unsupportedMediaType,
        .unsupportedVersion, .unsupportedLanguage, .invalidImageURLs, .invalidWebhookURL, .idempotencyKeyReused,
        .openAIError, .openAIUnavailable, .openAITimeout,
    ]
}
