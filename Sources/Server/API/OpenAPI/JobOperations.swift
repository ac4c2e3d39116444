// The endpoints about jobs in the API's document. Pure.
import Engine

enum JobOperations {
    private static let tag = "Jobs"

    static let all = [status, results, download, list, cancel]

    private static let status = Operation(
        path: "/api/v1/batch-status/{job_id}", id: "getBatchStatus", tag: tag, summary: "A job's status and progress",
        description: "The signature covers the job's id. One request every few seconds is enough.",
        parameters: ["JobID"],
        answers: [
            Answer(description: "The job's status.", schema: Schema.ref("StatusReply"))
        ], errors: [.jobNotFound], samples: SampleCalls.status)

    private static let results = Operation(
        path: "/api/v1/batch-results/{job_id}", id: "getBatchResults", tag: tag, summary: "A completed job's results",
        description: """
            The signature covers the job's id, not the query. The reply is streamed: it may be long. If it is cut \
            off, ask again. Lots come in the order of the request; one that failed says so while the others are there.

            \(forms)
            """, parameters: ["JobID", "Cursor", "ResultsLimit"],
        answers: [
            Answer(
                description: "The results.", schema: Schema.ref("ResultsReply"), also: lines,
                headers: ["Vary", "Link", "Content-Encoding"])
        ], errors: noResults)

    private static let forms = """
        With `Accept: application/x-ndjson` it is one lot a line and nothing else, which is easier to read as it comes \
        in. With `Accept-Encoding: gzip` it is compressed, unless it is short. With `cursor` or `limit` it is one \
        page: the same document with just those lots and the member `pagination`. The header `Link` says where the \
        next page is. The results of a job do not change, so pages fit together whenever they are fetched.
        """

    private static let lines = (
        type: ResultsForm.lines.type,
        schema: Schema.text("Lots, each an object like those in `lots`, and each ended by a line feed.")
    )

    private static let download = Operation(
        path: "/api/v1/batch-results/{job_id}/download", id: "downloadBatchResults", tag: tag,
        summary: "A completed job's results as a file",
        description: "The same as the results, as an attachment.", parameters: ["JobID", "Cursor", "ResultsLimit"],
        answers: [
            Answer(
                description: "The results as a file, `batch_results_{job_id}.json` (or `.ndjson`).",
                schema: Schema.ref("ResultsReply"), also: lines,
                headers: ["Content-Disposition", "Vary", "Link", "Content-Encoding"])
        ], errors: noResults)

    private static let noResults: [ServiceError.Code] = [
        .invalidParameter, .jobNotCompleted, .jobNotFound, .jobFailed, .jobCancelled,
    ]

    private static let list = Operation(
        path: "/api/v1/batch-jobs", id: "listBatchJobs", tag: tag, summary: "Jobs, newest first",
        description: """
            The signature covers the request target as sent, such as `/api/v1/batch-jobs?status=processing&limit=20`. \
            Unknown parameters are ignored; a repeated one is refused.
            """, parameters: ["Status", "Limit", "Offset", "CreatedAfter", "CreatedBefore"],
        answers: [Answer(description: "A page of jobs.", schema: Schema.ref("JobList"))],
        errors: [.invalidParameter], samples: SampleCalls.list)

    private static let cancel = Operation(
        method: "post", path: "/api/v1/batch-jobs/{job_id}/cancel", id: "cancelBatchJob", tag: tag,
        summary: "Cancel a job",
        description: """
            The signature covers the job's id; the body is ignored. Work at OpenAI is cancelled too, and nothing more \
            is spent. The job's webhooks are sent.
            """, parameters: ["JobID"],
        answers: [
            Answer(description: "The job is cancelled.", schema: Schema.ref("CancelReply"))
        ], errors: [.jobNotCancellable, .jobAlreadyCancelled, .jobNotFound])
}
