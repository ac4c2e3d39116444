// POST /api/v1/webhook-deliveries/{id}/redeliver (C6.3): restarts an ended delivery. Loop-bound.
import Engine
import Logging

enum Redeliver {
    static func answer(_ call: Call, _ raw: String) async throws {
        let id = try call.signed(raw, unknown: unknown)
        let job = try await perform(call.services, id)
        call.reply(
            202,
            [
                "id": .string(id.description), "batch_job_id": .string(job.description), "status": "pending",
                "message": "Delivery started anew",
            ])
    }

    /// Restarts the delivery.
    /// - Returns: the job of the delivery.
    /// - Throws: 404, 409; `DatabaseError`.
    static func perform(_ services: APIServices, _ id: Identifier) async throws -> Identifier {
        let instance = services.instance
        let outcome = try await services.database.transaction { session in
            let outcome = try await RedeliverDelivery.run(session, delivery: id)
            if case .started(let job) = outcome {
                try await JobProgress.event(
                    session, job: job, "redelivery", instance: instance, detail: "delivery \(id)")
                CrashPoint.redeliverCommitting.pass()
            }
            return outcome
        }
        if case .started = outcome { CrashPoint.redeliverCommitted.pass() }
        switch outcome {
        case .started(let job):
            services.log.info("webhook_delivery restarted", metadata: ["job": "\(job)", "delivery": "\(id)"])
            return job
        case .pending:
            throw ServiceError(
                .deliveryPending, "The delivery has not ended yet; only a delivered or failed one can be started anew")
        case .unknown: throw unknown
        }
    }

    static let unknown = ServiceError(.deliveryNotFound, "There is no webhook delivery with this id")
}
