// GET /api/v1/batch-results/{job_id}: streamed, because a job may have 50,000 lots. Loop-bound.
import Engine

enum BatchResults {
    static func answer(_ call: Call, _ raw: String) async throws {
        let id = try call.signedJob(raw)
        try await send(call, id, headers: [])
    }

    /// The document of a completed job; 202 or 409 for others.
    static func send(_ call: Call, _ id: Identifier, headers: [(String, String)]) async throws {
        let database = call.services.database
        guard let job = try await FindJob.run(database, job: id) else { throw Call.jobNotFound }
        if let error = job.noResults(now: call.services.clock.now()) { throw error }
        // Before the head is sent, so that a failure here still becomes an error reply.
        let first = try await ResultPage.run(database, job: id, after: -1)
        call.begin(headers: headers)
        if call.exchange.head.isMethod("HEAD") { return call.exchange.finishReply() }
        do {
            try await stream(call, job, first)
        } catch {
            // The status is sent; a cut body is all that can still be told.
            call.exchange.abort()
        }
    }

    private static func stream(_ call: Call, _ job: JobView, _ first: [FinishedRow]) async throws {
        var page = first
        var text = ResultsText(job)
        while true {
            let bytes = text.append(page)
            guard let last = page.last, page.count == ResultPage.rows else {
                try await call.exchange.write(bytes + text.ending)
                return call.exchange.finishReply()
            }
            // The next page is fetched while this one is written.
            let next = LoopTask(on: call.services.loop) {
                try await ResultPage.run(call.services.database, job: job.id, after: last.position)
            }
            try await call.exchange.write(bytes)
            page = try await next.value()
        }
    }
}

/// The results document, piece by piece. Pure.
struct ResultsText {
    private var isFirstPiece = true
    private var isFirstLot = true
    private let head: [UInt8]

    let ending = Array("]}}".utf8)

    init(_ job: JobView) {
        let document: JSONValue = .object([
            ("job_id", .string(job.id.description)),
            ("status", .string(job.status.rawValue)),
            ("completed_at", JSONValue(job.completedAt?.description)),
            ("processing_summary", job.summary),
            ("results", ["version": .string(job.version), "lots": []]),
        ])
        head = Array(document.bytes.dropLast(ending.count))
    }

    /// A page of lots, each with its `processed_at` put before the closing brace of its stored text.
    mutating func append(_ rows: [FinishedRow]) -> [UInt8] {
        var out = isFirstPiece ? head : []
        isFirstPiece = false
        for row in rows {
            if !isFirstLot { out.append(UInt8(ascii: ",")) }
            isFirstLot = false
            out.append(contentsOf: row.payload.dropLast())
            out.append(contentsOf: ",\"processed_at\":\"\(row.createdAt)\"}".utf8)
        }
        return out
    }
}
