// GET /events: how jobs go on, as server-sent events, until all of them have ended. Loop-bound.
//
//   ?jobs=ID,ID,...   `event: job` for each when it is first seen and whenever it changes
//   &inside=1         and `event: inside` with the stages and batches; for one job
//   `event: end` when none of them is open any more; then the page does not come back
import Engine

final class JobEvents {
    /// Jobs of one stream.
    static let jobsMax = 50
    /// Then the page comes back by itself: a process that is about to end does not wait for it, and a session that has
    /// expired is noticed.
    static let secondsMax = 600.0
    /// Stages and batches are counted at most so often: of a job that has changed, and of one that has not.
    static let insideSeconds = (changed: 2.0, same: 5.0)
    /// A sign of life, so that proxies do not take the silence for the end.
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
            throw QueryParameters.problem("jobs", "must be 1 to \(jobsMax) different ids with commas between them")
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
            // The status is sent; the page sees the end and comes back.
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

    /// An event for each job that has changed.
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

    /// An event with stages and batches, if they are wanted and there may be something new.
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
    /// What changes on a page while the job goes on.
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
