// Actions on a job for signed-in users: the same as the API's. Loop-bound.
import Engine

enum JobActions {
    static func cancel(_ web: WebCall, _ raw: String) async throws {
        guard let id = Identifier(raw) else { throw Call.jobNotFound }
        try web.api.requireDatabase()
        _ = try await CancelJob.perform(web.api, id)
        web.call.redirect("/jobs/\(id)")
    }

    static func redeliver(_ web: WebCall, _ raw: String) async throws {
        guard let id = Identifier(raw) else { throw Redeliver.unknown }
        try web.api.requireDatabase()
        let job = try await Redeliver.perform(web.api, id)
        web.call.redirect("/jobs/\(job)/webhooks")
    }

    /// Sends the file of `batch-results/{job_id}/download`.
    static func download(_ web: WebCall, _ raw: String) async throws {
        guard let id = Identifier(raw) else { throw Call.jobNotFound }
        try web.api.requireDatabase()
        web.call.exchange.replyHeaders = WebHeaders.kept
        try await Download.send(web.call, id)
    }
}
