// GET /api/v1/batch-jobs: a page of jobs, newest first (C5.7). Loop-bound.
import Engine

enum BatchJobs {
    /// Range of `limit`, the number of jobs per page.
    static let limits = 1...100
    static let limitByDefault = 10

    static func answer(_ call: Call) async throws {
        let services = call.services
        // The path has no job id, so the client signs the request target (C1.5).
        try services.keys.check(call.exchange.head.header("X-Signature"), over: Array(call.exchange.head.targetBytes))
        let query = try QueryParameters(call.exchange.head.query)
        let status = try query.choice("status", JobStatus.allCases.map(\.rawValue))
        let limit = try query.integer("limit", limitByDefault, limits)
        let offset = try query.integer("offset", 0, 0...Int.max)
        let filter = JobFilter(
            status: status.flatMap(JobStatus.init), createdAfter: try query.time("created_after"),
            createdBefore: try query.time("created_before"))
        try services.requireDatabase()
        let jobs = try await ListJobs.page(services.database, filter: filter, limit: limit, offset: offset)
        let total = try await ListJobs.count(services.database, filter: filter)
        call.reply(200, reply(jobs, limit, offset, total, now: services.clock.now()))
    }

    private static func reply(
        _ jobs: [JobView], _ limit: Int, _ offset: Int, _ total: Int, now: Timestamp
    ) -> JSONValue {
        [
            "jobs": .array(jobs.map { $0.listReply(now: now) }),
            "pagination": [
                "limit": .int(limit), "offset": .int(offset), "total": .int(total),
                "has_more": .bool(!jobs.isEmpty && offset + jobs.count < total),
            ],
        ]
    }
}
