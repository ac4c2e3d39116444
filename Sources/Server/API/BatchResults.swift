// GET /api/v1/batch-results/{job_id}: streamed, because a job may have 50,000 lots. Loop-bound.
import Engine

enum BatchResults {
    static func answer(_ call: Call, _ raw: String) async throws {
        let id = try call.signedJob(raw)
        try await send(call, id) { _ in [] }
    }

    /// Sends the lots of a completed job in the form that the client wants; 202 or 409 for other jobs.
    static func send(
        _ call: Call, _ id: Identifier, headers: (ResultsForm) -> [(String, String)]
    ) async throws {
        let (loop, database) = (call.services.loop, call.services.database)
        let wish = try ResultsWish(call.exchange.head)
        guard let job = try await FindJob.run(database, job: id) else { throw Call.jobNotFound }
        if let error = job.noResults(now: call.services.clock.now()) { throw error }
        let part = try wish.part(of: job)
        // Read before the head is sent, so a failure here still becomes an error reply.
        let pages = ResultPages(on: loop, database: database, job: id, part)
        let first = try await pages.next()
        let isShort = pages.isAtEnd && first.bytes < ResultsStream.gzipBytesMin
        let isGzipped = wish.isGzipWanted && !isShort
        call.begin(
            type: wish.form.type, headers: wish.headers(part, call.exchange.head, isGzipped) + headers(wish.form))
        if call.exchange.head.isMethod("HEAD") { return call.exchange.finishReply() }
        let text = ResultsText(job, wish.form, part)
        do {
            try await ResultsStream(call, pages, text, isGzipped: isGzipped).send(first)
        } catch {
            // The status is sent already. A reset connection is the only way left to report the failure.
            call.exchange.abort()
        }
    }
}
