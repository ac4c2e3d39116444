// GET /api/v1/batch-results/{job_id}/download: the results as a file. Loop-bound.
import Engine

enum Download {
    static func answer(_ call: Call, _ raw: String) async throws {
        try await send(call, try call.signedJob(raw))
    }

    static func send(_ call: Call, _ id: Identifier) async throws {
        try await BatchResults.send(call, id) { form in
            [("Content-Disposition", "attachment; filename=\"batch_results_\(id).\(form.suffix)\"")]
        }
    }
}
