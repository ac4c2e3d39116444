// GET /jobs/{job_id}: one job; the page updates itself while the job is open. Loop-bound.
import Engine

enum JobPage {
    static func answer(_ web: WebCall, _ raw: String) async throws {
        let job = try await web.job(raw)
        let database = web.api.database
        let inside = try await web.services.insides.look(job)
        let usage = try await FindJobStatus.run(database, jobs: [job.id]).first?.usage ?? []
        let events = try await JobInside.events(database, job: job.id)
        let now = web.api.clock.now()
        web.show("Job \(job.id)", .jobs) { html in
            JobPage.head(job, "Overview", to: &html)
            let address = job.status.isOpen ? "/events?inside=1&jobs=\(job.id)" : nil
            html.element("div", ["data-live": address]) { html in
                facts(job, now, to: &html)
                html.liveState(isOn: job.status.isOpen)
                actions(job, web.session, to: &html)
                html.element("h2", "Stages")
                inside.writeStages(to: &html)
                html.element("h2", "Batches at OpenAI")
                html.element("div", ["data-batches": ""]) { inside.writeBatches(to: &$0) }
            }
            html.element("h2", "Usage")
            self.usage(usage, to: &html)
            html.element("h2", "Events")
            self.events(events, to: &html)
        }
    }

    /// Writes title and tabs of a job's pages.
    static func head(_ job: JobView, _ current: String, to html: inout HTML) {
        html.element("h1") { html in
            html.say("Job ")
            html.element("code", job.id.description)
        }
        html.element("nav", ["aria-label": "This job"]) { html in
            html.element("ul", ["class": "tabs"]) { html in
                for (path, title) in [("", "Overview"), ("/lots", "Lots"), ("/webhooks", "Webhooks")] {
                    html.element("li") { html in
                        html.element(
                            "a",
                            [
                                "href": "/jobs/\(job.id)\(path)",
                                "aria-current": title == current ? "page" : nil,
                            ], title)
                    }
                }
            }
        }
    }

    private static func facts(_ job: JobView, _ now: Timestamp, to html: inout HTML) {
        html.element("dl", ["class": "facts", "data-job": job.id.description]) { html in
            html.fact("Status") { html in
                html.element("span", ["class": "badge \(WebText.mood(job.status.rawValue))", "data-show": "status"]) {
                    $0.say(job.status.rawValue)
                }
            }
            html.fact("Stage") { $0.element("span", ["data-show": "stage"], job.stage) }
            html.fact("Finished lots") { $0.progress(job) }
            html.fact("Estimated end") { $0.estimate(job, now) }
            html.fact("Languages", job.languages.joined(separator: ", "))
            html.fact("Created") { $0.time(job.createdAt) }
            html.fact("Last change") { html in
                html.element(
                    "time", ["datetime": job.updatedAt.description, "data-show": "updated"],
                    WebText.time(job.updatedAt))
            }
            if let end = job.completedAt { html.fact("Ended") { $0.time(end) } }
            html.fact("Request") { $0.element("code", job.requestID ?? "-") }
            html.fact("Message") { $0.element("span", ["data-show": "error"], job.errorMessage ?? "-") }
        }
    }

    private static func actions(_ job: JobView, _ session: WebSession, to html: inout HTML) {
        html.element("div", ["class": "bar", "data-actions": ""]) { html in
            if job.status.isOpen {
                html.form(
                    "/jobs/\(job.id)/cancel", session,
                    confirm: "Cancel this job? This also cancels its batches at OpenAI and cannot be undone."
                ) { $0.element("button", ["class": "danger"], "Cancel the job") }
            }
            if job.status == .completed {
                html.element("a", ["href": "/jobs/\(job.id)/download", "class": "button"], "Download the results")
            }
        }
    }

    private static func usage(_ models: [ModelUsage], to html: inout HTML) {
        guard !models.isEmpty else { return html.element("p", "No tokens spent so far.") }
        let columns = ["Model", "Input tokens", "From cache", "To cache", "Output tokens", "Reasoning"]
        html.table("Tokens by model", columns) { html in
            for model in models {
                html.element("tr") { html in
                    html.element("td") { $0.element("code", model.model) }
                    for count in [
                        model.tokens.input, model.tokens.cached, model.tokens.cacheWritten, model.tokens.output,
                        model.tokens.reasoning,
                    ] { html.element("td", WebText.count(count)) }
                }
            }
        }
    }

    private static func events(_ events: [JobEventView], to html: inout HTML) {
        html.table("Newest first", ["Time", "Event", "Instance", "Detail"]) { html in
            for event in events {
                html.element("tr") { html in
                    html.element("td") { $0.time(event.at) }
                    html.element("td", event.event)
                    html.element("td", event.instance ?? "-")
                    html.element("td", event.detail ?? "")
                }
            }
        }
    }
}
