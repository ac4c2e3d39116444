// Turns a valid batch into a job: one transaction, then 201 (C5.1). Loop-bound.
import Engine
import Logging

enum AcceptBatch {
    static func answer(_ call: Call, _ ingested: IngestedRequest, _ hold: KeyHold) async throws {
        let services = call.services
        // Runs during a shutdown too: a body that began before it may take until the end of the grace period.
        try services.requireDatabase()
        let recent = try await services.durations.recent(services.database, now: services.clock.now())
        let request = ingested.request
        let job = NewJob(
            id: ingested.job, version: request.version, languages: request.languages, totalLots: request.lotCount,
            totalImages: request.imageCount, webhookConfigured: request.webhookConfigured,
            requestID: call.exchange.requestID,
            estimatedSeconds: Estimate.seconds(lots: request.lotCount, recent: recent))
        let body = try await store(job, ingested.lots, hold, services)
        CrashPoint.jobCommitted.pass()
        services.log.info("job created", metadata: ["job": "\(job.id)", "lots": "\(job.totalLots)"])
        var headers = [location(job.id.description)]
        // RFC 7240.
        if call.exchange.head.prefersAsync { headers.append(("Preference-Applied", "respond-async")) }
        call.send(201, body, headers: headers)
    }

    /// The header with the URL of the job.
    private static func location(_ job: String) -> (String, String) { ("Location", "/api/v1/batch-status/" + job) }

    /// The header with the URL of the job that a kept reply names; empty if it names none.
    static func location(in reply: [UInt8]) -> [(String, String)] {
        job(in: reply).map { [location($0)] } ?? []
    }

    /// The id of the job that a kept reply names.
    static func job(in reply: [UInt8]) -> String? { (try? JSONValue.parse(reply))?["job_id"]?.string }

    /// - Returns: the body of the reply.
    private static func store(
        _ job: NewJob, _ lots: LotStore, _ hold: KeyHold, _ services: APIServices
    ) async throws -> [UInt8] {
        do {
            return try await lots.commit(lots: job.totalLots) { session in
                guard let born = try await InsertJob.run(session, job: job, instance: services.instance)
                else { throw JobNotStored() }
                let body = reply(job, born).bytes
                try await hold.complete(session, status: 201, reply: body)
                CrashPoint.jobCommitting.pass()
                return body
            }
        } catch let error as DatabaseError where error.kind == .lost(mayHaveHappened: true) {
            // The reply to COMMIT was lost. The job may exist, so look for it before answering.
            guard let born = try await InsertJob.find(services.database, job: job.id) else { throw error }
            return reply(job, born).bytes
        }
    }

    private static func reply(_ job: NewJob, _ born: InsertJob.Born) -> JSONValue {
        .object([
            ("job_id", .string(job.id.description)),
            ("status", "accepted"),
            ("created_at", .string(born.createdAt.description)),
            ("total_lots", .int(job.totalLots)),
            ("languages", JSONValue(job.languages)),
            ("estimated_completion", .string(born.estimatedCompletion.description)),
            ("processing_mode", "batch"),
            ("webhook_configured", .bool(job.webhookConfigured)),
        ])
    }
}
