// GET /api/v1/batch-jobs/{job_id}/webhook-deliveries (C6.3): streamed, because each lot may have its own webhook.
// Loop-bound.
import Engine

enum WebhookDeliveries {
    static func answer(_ call: Call, _ raw: String) async throws {
        let id = try call.signedJob(raw)
        let database = call.services.database
        guard try await FindJob.run(database, job: id) != nil else { throw Call.jobNotFound }
        // Read before the head is sent, so a failure here still becomes an error reply.
        let first = try await DeliveryPage.run(database, job: id, after: -1)
        call.begin(headers: [])
        if call.exchange.head.isMethod("HEAD") { return call.exchange.finishReply() }
        do {
            try await stream(call, id, first)
        } catch {
            // The status is sent already. A reset connection is the only way left to report the failure.
            call.exchange.abort()
        }
    }

    private static func stream(_ call: Call, _ job: Identifier, _ first: [DeliveryView]) async throws {
        var page = first
        var text = Array(#"{"job_id":"\#(job)","deliveries":["#.utf8)
        while true {
            for (index, delivery) in page.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                delivery.reply.write(to: &text)
            }
            guard let last = page.last, page.count == DeliveryPage.rows else { break }
            let next = try await DeliveryPage.run(call.services.database, job: job, after: last.firstPosition)
            try await call.exchange.write(text)
            text = next.isEmpty ? [] : [UInt8(ascii: ",")]
            page = next
        }
        try await call.exchange.write(text + Array("]}".utf8))
        call.exchange.finishReply()
    }
}

extension DeliveryView {
    /// An element of `deliveries`.
    var reply: JSONValue {
        .object([
            ("id", .string(id.description)),
            ("batch_job_id", .string(job.description)),
            ("webhook_url", .string(url)),
            ("event", .string(event)),
            ("status", .string(status.rawValue)),
            ("attempt_count", .int(attemptCount)),
            ("created_at", .string(createdAt.description)),
            ("last_attempt_at", JSONValue(lastAttemptAt?.description)),
            ("delivered_at", JSONValue(deliveredAt?.description)),
            ("next_attempt_at", JSONValue(nextAttemptAt?.description)),
            ("error_message", JSONValue(errorMessage)),
            ("attempts", .array(attempts.map(\.reply))),
        ])
    }
}

extension AttemptView {
    fileprivate var reply: JSONValue {
        .object([
            ("attempt", .int(number)),
            ("started_at", .string(startedAt.description)),
            ("ended_at", JSONValue(endedAt?.description)),
            ("http_status", httpStatus.map { .int($0) } ?? .null),
            ("error", JSONValue(error)),
        ])
    }
}
