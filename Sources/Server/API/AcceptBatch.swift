// A valid batch becomes a job: one transaction, then 201 (C5.1). Loop-bound.
import Engine
import Logging

enum AcceptBatch {
    static func answer(_ call: Call, _ ingested: IngestedRequest, _ hold: KeyHold) async throws {
        let services = call.services
        // Also while the service ends: a body that was begun before may take as long as the grace lasts.
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

    /// Where the job is.
    private static func location(_ job: String) -> (String, String) { ("Location", "/api/v1/batch-status/" + job) }

    /// Where the job is that a kept reply tells of; nothing if it tells of none.
    static func location(in reply: [UInt8]) -> [(String, String)] {
        job(in: reply).map { [location($0)] } ?? []
    }

    /// The id of the job that a kept reply tells of.
    static func job(in reply: [UInt8]) -> String? { (try? JSONValue.parse(reply))?["job_id"]?.string }

    /// - Returns: the reply's body.
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
            // The COMMIT's reply was lost: whether the job exists decides what the client is told.
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
