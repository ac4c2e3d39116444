// POST /api/v1/batch-jobs/{job_id}/cancel (C4.3). Loop-bound.
import Engine
import Logging

enum CancelJob {
    static func answer(_ call: Call, _ raw: String) async throws {
        let id = try call.signedJob(raw)
        let cancelled = try await perform(call.services, id)
        call.reply(
            200,
            [
                "job_id": .string(id.description), "status": "cancelled",
                "cancelled_at": .string(cancelled.description),
                "message": "Job successfully cancelled",
            ])
    }

    /// Cancels the job and its work at the provider (C4.3).
    /// - Returns: the time of the cancellation.
    /// - Throws: 404, 400, 409; `DatabaseError`.
    static func perform(_ services: APIServices, _ id: Identifier) async throws -> Timestamp {
        let instance = services.instance
        let cancelled = try await services.database.transaction { session -> Timestamp? in
            guard let at = try await CancelOpenJob.run(session, job: id) else { return nil }
            try await JobProgress.event(session, job: id, "cancelled", instance: instance)
            try await InsertDeliveries.run(session, job: id, status: .cancelled)
            CrashPoint.cancelCommitting.pass()
            return at
        }
        guard let cancelled else { throw try await refusal(services.database, id) }
        CrashPoint.cancelCommitted.pass()
        services.log.info("job cancelled", metadata: ["job": "\(id)"])
        return cancelled
    }

    private static func refusal(_ database: Database, _ id: Identifier) async throws(DatabaseError) -> ServiceError {
        guard let job = try await FindJob.run(database, job: id) else { return Call.jobNotFound }
        let status = [("status", JSONValue.string(job.status.rawValue))]
        if job.status == .cancelled {
            return ServiceError(.jobAlreadyCancelled, "The job has been cancelled already", extra: status)
        }
        return ServiceError(
            .jobNotCancellable,
            "Only pending, processing, or translating jobs can be cancelled. Current status: \(job.status.rawValue)",
            extra: status)
    }
}
