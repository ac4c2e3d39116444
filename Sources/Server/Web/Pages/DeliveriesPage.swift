// GET /jobs/{job_id}/webhooks: a job's deliveries with every attempt, paged by key. Loop-bound.
import Engine

enum DeliveriesPage {
    static func answer(_ web: WebCall, _ raw: String) async throws {
        let after = try web.query.integer("after", -1, -1...Limits.lotsPerRequest)
        let job = try await web.job(raw)
        let deliveries = try await DeliveryPage.run(web.api.database, job: job.id, after: after)
        let isOver = !job.status.isOpen && deliveries.allSatisfy { $0.status != .pending }
        web.show("Webhooks of job \(job.id)", .jobs) { html in
            JobPage.head(job, "Webhooks", to: &html)
            html.refreshed(everySeconds: isOver || !job.webhookConfigured ? nil : refreshSeconds) { html in
                if deliveries.isEmpty { html.element("p", nothing(job, after)) }
                for delivery in deliveries { article(delivery, web.session, to: &html) }
                pages(job, deliveries, to: &html)
            }
        }
    }

    /// Refresh interval while something may still happen, seconds.
    private static let refreshSeconds = 3.0

    private static func pages(_ job: JobView, _ deliveries: [DeliveryView], to html: inout HTML) {
        guard let last = deliveries.last, deliveries.count == DeliveryPage.rows else { return }
        html.element("nav", ["aria-label": "Pages", "class": "pages"]) { html in
            html.element(
                "a", ["href": "/jobs/\(job.id)/webhooks?after=\(last.firstPosition)", "rel": "next"],
                "More deliveries")
        }
    }

    private static func nothing(_ job: JobView, _ after: Int) -> String {
        if after >= 0 { return "No more deliveries." }
        if !job.webhookConfigured { return "No lot of this job names a webhook." }
        return job.status.isOpen ? "Webhooks are sent when the job has ended." : "There are no deliveries."
    }

    private static func article(_ delivery: DeliveryView, _ session: WebSession, to html: inout HTML) {
        html.element("article", ["id": delivery.id.description]) { html in
            html.element("h2") { $0.element("code", delivery.url) }
            html.element("dl", ["class": "facts"]) { html in
                html.fact("Status") { $0.badge(delivery.status.rawValue) }
                html.fact("Event", delivery.event)
                html.fact("Attempts", WebText.count(delivery.attemptCount))
                html.fact("Delivered") { $0.time(delivery.deliveredAt) }
                html.fact("Next attempt") { $0.time(delivery.nextAttemptAt) }
                html.fact("Last error", delivery.errorMessage ?? "-")
            }
            if delivery.status != .pending {
                html.form("/deliveries/\(delivery.id)/redeliver", session) {
                    $0.element("button", ["class": "quiet"], "Deliver again")
                }
            }
            if !delivery.attempts.isEmpty { attempts(delivery.attempts, to: &html) }
        }
    }

    private static func attempts(_ attempts: [AttemptView], to html: inout HTML) {
        html.table("Attempts", ["No.", "Started", "Ended", "HTTP", "Error"]) { html in
            for attempt in attempts {
                html.element("tr") { html in
                    html.element("td", WebText.count(attempt.number))
                    html.element("td") { $0.time(attempt.startedAt) }
                    html.element("td") { $0.time(attempt.endedAt) }
                    html.element("td", attempt.httpStatus.map(String.init) ?? "-")
                    html.element("td", attempt.error ?? "")
                }
            }
        }
    }
}
