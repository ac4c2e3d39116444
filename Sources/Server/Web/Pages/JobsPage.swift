// GET /jobs: all jobs, newest first, filtered by status, paged by key; open jobs update themselves. Loop-bound.
import Engine

enum JobsPage {
    /// Jobs per page; one stream may watch as many.
    static let jobs = 25

    static func answer(_ web: WebCall) async throws {
        let query = try web.query
        if let id = try query.text("id")?.trimmed, !id.isEmpty {
            return web.call.redirect("/jobs/" + SignIn.encoded(id))
        }
        // The form sends an empty status for all jobs.
        let word = try query.text("status") == "" ? nil : query.choice("status", JobStatus.allCases.map(\.rawValue))
        let status = word.flatMap(JobStatus.init)
        let after = try query.text("after").map(key)
        try web.api.requireDatabase()
        var found = try await JobsByKey.page(
            web.api.database, status: status, after: after, limit: jobs + 1)
        let hasMore = found.count > jobs
        found = Array(found.prefix(jobs))
        let now = web.api.clock.now()
        web.show("Jobs", .jobs) { html in
            html.element("h1", "Jobs")
            filter(status, to: &html)
            if found.isEmpty {
                html.element("p", after == nil ? "No jobs here yet." : "No more jobs.")
            } else {
                list(found, now, to: &html)
            }
            pages(status, hasMore ? found.last : nil, isFirst: after == nil, to: &html)
        }
    }

    /// Reads `MICROSECONDS.ID` of the previous page's last job.
    private static func key(_ text: String) throws(ServiceError) -> JobKey {
        let parts = text.split(separator: ".")
        guard parts.count == 2, let time = Int64(parts[0]), let id = Identifier(parts[1]) else {
            throw QueryParameters.problem("after", "must come from a link to the next page")
        }
        return JobKey(createdAt: Timestamp(microseconds: time), id: id)
    }

    // MARK: Parts

    private static func filter(_ status: JobStatus?, to html: inout HTML) {
        html.element("div", ["class": "bar"]) { html in
            html.element("nav", ["aria-label": "Status"]) { html in
                html.element("ul", ["class": "tabs"]) { html in
                    for each in [nil] + JobStatus.allCases.map(Optional.init) {
                        html.element("li") { html in
                            html.element(
                                "a",
                                [
                                    "href": each.map { "/jobs?status=\($0.rawValue)" } ?? "/jobs",
                                    "aria-current": each == status ? "true" : nil,
                                ], each?.rawValue ?? "all")
                        }
                    }
                }
            }
            html.element("form", ["action": "/jobs", "role": "search"]) { html in
                html.element("label", ["for": "id", "class": "hidden"], "Job id")
                html.void("input", ["id": "id", "name": "id", "placeholder": "Job id", "size": "36", "required": ""])
                html.element("button", ["class": "quiet"], "Open")
            }
        }
    }

    private static func list(_ jobs: [JobView], _ now: Timestamp, to html: inout HTML) {
        let open = jobs.filter(\.status.isOpen).map(\.id.description)
        let address = open.isEmpty ? nil : "/events?jobs=" + open.joined(separator: ",")
        html.element("div", ["data-live": address]) { html in
            let columns = ["Job", "Status", "Progress", "Stage", "Estimated end", "Languages"]
            html.table("Jobs, newest first", isTitled: true, columns) { html in
                for job in jobs { row(job, now, to: &html) }
            }
        }
        html.liveState(isOn: !open.isEmpty)
    }

    private static func row(_ job: JobView, _ now: Timestamp, to html: inout HTML) {
        html.element("tr", ["data-job": job.id.description]) { html in
            html.element("td") { html in
                html.element("a", ["href": "/jobs/\(job.id)"]) { $0.element("code", job.id.description) }
                html.void("br", [:])
                html.element("span", ["class": "soft"]) { $0.time(job.createdAt) }
            }
            html.element("td") { html in
                html.element("span", ["class": "badge \(WebText.mood(job.status.rawValue))", "data-show": "status"]) {
                    $0.say(job.status.rawValue)
                }
            }
            html.element("td") { $0.progress(job) }
            html.element("td") { $0.element("span", ["data-show": "stage"], job.stage) }
            html.element("td") { $0.estimate(job, now) }
            html.element("td", job.languages.joined(separator: ", "))
        }
    }

    private static func pages(_ status: JobStatus?, _ last: JobView?, isFirst: Bool, to html: inout HTML) {
        guard last != nil || !isFirst else { return }
        let filter = status.map { "status=\($0.rawValue)&" } ?? ""
        html.element("nav", ["aria-label": "Pages", "class": "pages"]) { html in
            if !isFirst { html.link("/jobs" + (status.map { "?status=\($0.rawValue)" } ?? ""), "Newest") }
            if let last {
                html.element(
                    "a",
                    ["href": "/jobs?\(filter)after=\(last.createdAt.microseconds).\(last.id)", "rel": "next"],
                    "Older jobs")
            }
        }
    }
}

// MARK: Parts that site.js updates; it finds them by data-show

extension HTML {
    /// Writes how many lots of the job have ended.
    mutating func progress(_ job: JobView) {
        element(
            "progress",
            [
                "max": String(job.totalLots), "value": String(job.processedLots), "data-show": "progress",
                "aria-label": "Finished lots",
            ]
        ) { $0.say("\(job.completionPercentage) %") }
        element("span", ["class": "counts"]) { html in
            html.element("span", ["data-show": "percentage"], "\(job.completionPercentage) %")
            html.say(": ")
            html.element("span", ["data-show": "processed"], WebText.count(job.processedLots))
            html.say(" of \(WebText.count(job.totalLots))")
            html.element("span", ["class": "bad", "data-show": "failed"], HTML.failures(job.failedLots))
        }
    }

    private static func failures(_ count: Int) -> String { count == 0 ? "" : ", \(WebText.count(count)) failed" }

    mutating func estimate(_ job: JobView, _ now: Timestamp) {
        let end = job.estimatedCompletion(at: now)
        element("time", ["datetime": end?.description, "data-show": "estimate"], end.map { WebText.time($0) } ?? "-")
    }

    /// Writes the paragraph in which site.js says whether the page updates itself.
    mutating func liveState(isOn: Bool) {
        element(
            "p", ["class": "soft", "role": "status", "data-live-state": ""], isOn ? "" : "No job here is running.")
    }
}
