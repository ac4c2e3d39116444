// GET /api/v1/batch-status/{job_id}. Loop-bound.
import Engine

enum BatchStatus {
    static func answer(_ call: Call, _ raw: String) async throws {
        let id = try call.signedJob(raw)
        guard let found = try await FindJobStatus.run(call.services.database, job: id) else { throw Call.jobNotFound }
        call.reply(200, found.job.statusReply(usage: found.usage, now: call.services.clock.now()))
    }
}
