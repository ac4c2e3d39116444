// GET /events: progress of jobs as server-sent events, until all of them have ended. Loop-bound.
//
//   ?jobs=ID,ID,...   `event: job` for each job at first and after each change
//   &inside=1         and `event: inside` with the stages and batches, if it is a single job
//   `event: end` when none of them is open any more; the page does not reconnect then
import Engine

final class JobEvents {
    /// Most jobs per stream.
    static let jobsMax = 50
    /// Longest life of a stream, seconds; then the page reconnects by itself. So a process that is about to end need
    /// not wait for it, and an expired session is noticed.
    static let secondsMax = 600.0
    /// Shortest time between two counts of stages and batches, seconds: for a job that has changed, and for one that
    /// has not.
    static let insideSeconds = (changed: 2.0, same: 5.0)
    /// Longest silence, seconds. A comment then keeps proxies from closing the stream.
    static let silenceSeconds = 15.0

    private let web: WebCall
    private let jobs: [Identifier]
    private let showsInside: Bool
    private var shown: [Identifier: Timestamp] = [:]
    private var insideAt = -Double.infinity
    private var insideOwed = true
    private var lastInside: JSONValue?
    private var wroteAt = Monotonic.seconds()

    private init(_ web: WebCall, _ jobs: [Identifier], showsInside: Bool) {
        self.web = web
        self.jobs = jobs
        self.showsInside = showsInside
    }

    static func answer(_ web: WebCall) async throws {
        let query = try web.query
        let ids = try query.text("jobs")?.split(separator: ",") ?? []
        let jobs = ids.compactMap { Identifier($0) }
        guard jobs.count == ids.count, (1...jobsMax).contains(jobs.count), Set(jobs).count == jobs.count else {
            throw QueryParameters.problem("jobs", "must be 1 to \(jobsMax) different ids, separated by commas")
        }
        let inside = try query.integer("inside", 0, 0...1) == 1 && jobs.count == 1
        try web.api.requireOpen()
        try web.api.requireDatabase()
        let exchange = web.call.exchange
        let feed = web.services.live
        try feed.enter()
        defer { feed.leave() }
        web.call.begin(
            type: "text/event-stream", headers: WebHeaders.kept + [("X-Accel-Buffering", "no")])
        if exchange.head.isMethod("HEAD") { return exchange.finishReply() }
        do { try await JobEvents(web, jobs, showsInside: inside).run() } catch {
            // The status has been sent; the page sees the end of the stream and reconnects.
            exchange.abort()
        }
    }

    private func run() async throws {
        let exchange = web.call.exchange
        let (api, live) = (web.api, web.services.live)
        let end = Monotonic.seconds() + min(JobEvents.secondsMax, web.session.expires - api.clock.now())
        try await exchange.write(Array("retry: 3000\n\n".utf8))
        while Monotonic.seconds() < end, !api.shared.isDraining {
            let found = try await api.polls.look(jobs)
            var text = news(found)
            text += try await inside(found)
            if !found.contains(where: \.status.isOpen) { text += "event: end\ndata: {}\n\n" }
            if text.isEmpty, Monotonic.seconds() - wroteAt > JobEvents.silenceSeconds { text = ": still here\n\n" }
            if !text.isEmpty {
                wroteAt = Monotonic.seconds()
                try await exchange.write(Array(text.utf8))
            }
            if !found.contains(where: \.status.isOpen) { break }
            try await live.beat()
        }
        exchange.finishReply()
    }

    /// Returns an event for each job that has changed.
    private func news(_ found: [JobView]) -> String {
        let now = web.api.clock.now()
        var text = ""
        for job in found where shown[job.id] != job.updatedAt {
            shown[job.id] = job.updatedAt
            insideOwed = true
            text += JobEvents.event("job", job.liveReply(now: now))
        }
        return text
    }

    /// Returns an event with stages and batches if the page wants it and something may have changed.
    private func inside(_ found: [JobView]) async throws -> String {
        guard showsInside, let job = found.first else { return "" }
        let pause = insideOwed ? JobEvents.insideSeconds.changed : JobEvents.insideSeconds.same
        let isDue = job.status.isOpen ? Monotonic.seconds() - insideAt >= pause : insideOwed
        guard isDue else { return "" }
        insideAt = Monotonic.seconds()
        let reply = try await web.services.insides.look(job).reply
        guard insideOwed || reply != lastInside else { return "" }
        insideOwed = false
        lastInside = reply
        return JobEvents.event("inside", reply)
    }

    private static func event(_ name: String, _ value: JSONValue) -> String {
        "event: \(name)\ndata: \(value.text)\n\n"
    }
}

extension JobView {
    /// The values that change on a page while the job is open.
    func liveReply(now: Timestamp) -> JSONValue {
        .object([
            ("id", .string(id.description)),
            ("status", .string(status.rawValue)),
            ("mood", .string(WebText.mood(status.rawValue))),
            ("open", .bool(status.isOpen)),
            ("stage", .string(stage)),
            ("total", .int(totalLots)),
            ("processed", .int(processedLots)),
            ("failed", .int(failedLots)),
            ("percentage", .string("\(completionPercentage) %")),
            ("estimate", JSONValue(estimatedCompletion(at: now)?.description)),
            ("updated", .string(updatedAt.description)),
            ("error", JSONValue(errorMessage)),
        ])
    }
}
