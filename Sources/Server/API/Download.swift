// GET /api/v1/batch-results/{job_id}/download: the results as a file. Loop-bound.
import Engine

enum Download {
    static func answer(_ call: Call, _ raw: String) async throws {
        let id = try call.signedJob(raw)
        let disposition = "attachment; filename=\"batch_results_\(id).json\""
        try await BatchResults.send(call, id, headers: [("Content-Disposition", disposition)])
    }
}
