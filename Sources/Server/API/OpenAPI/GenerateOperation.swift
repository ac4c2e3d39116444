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
                        The job and all of its lots are stored durably. Poll its status, or wait for the webhook.
                        """, schema: Schema.ref("JobAccepted"),
                    headers: ["Location", "Idempotent-Replayed", "Preference-Applied"],
                    links: (JobOperations.all + DeliveryOperations.all).compactMap { next in
                        next.path.contains("{job_id}")
                            ? (operation: next.id, parameter: "job_id", pointer: "/job_id") : nil
                    }),
            ], errors: errors, samples: SampleCalls.generate)
    ]

    private static let description = """
        **One car without a `webhook`** is described while you wait, at most \(Int(Limits.synchronousSeconds)) s: 200 \
        with its descriptions. If you disconnect, the work is cancelled.

        **Everything else** (2 to \(Limits.lotsPerRequest) cars, one car with a `webhook`, or one sent with `Prefer: \
        respond-async`) becomes a batch job, done within 24 h: 201 with a `job_id`.

        The body may have \(Limits.bodyBytes) bytes (200 MB). It may be sent with `Content-Encoding: gzip`, as one \
        whole member: the signature and the limit apply to the decompressed body, and any other gzip content gets 400 \
        `BAD_REQUEST`. The first description is made in English from the images and `additional_info`; the other \
        languages are translated from it.

        The signature covers `lots` or the raw body: see "Signatures". Until the signature has been checked, errors \
        reveal only why the request cannot be read. After that, all problems of one kind are reported together, the \
        first \(Limits.detailEntries) of them in full.
        """

    private static let errors: [ServiceError.Code] = [
        .invalidJSON, .missingField, .invalidField, .tooManyImages, .tooManyLanguages, .duplicateLotID,
        .requestInProgress, .bodyTooLarge, .lotTooLarge, .batchSizeExceeded, .imagesTooLarge, .unsupportedMediaType,
        .unsupportedVersion, .unsupportedLanguage, .invalidImageURLs, .invalidWebhookURL, .idempotencyKeyReused,
        .openAIError, .openAIUnavailable, .openAITimeout,
    ]
}
