// GET /system: the state of the service at a glance: health, load, queue, limits, recent trouble. Loop-bound.
import Engine

enum SystemPage {
    /// Figures from the rows of the last day.
    typealias Lately = (troubles: [RecentTrouble], hours: [HourCount])
    /// Refresh interval of the page, and the shortest time for which `Lately` is kept, seconds.
    static let freshSeconds = 5.0
    /// `Lately` is also kept for this many times the duration of its queries, so they take at most a twentieth of a
    /// connection.
    static let restFactor = 20.0

    static func answer(_ web: WebCall) async throws {
        let api = web.api
        let health = await api.health.make()
        let queue = await web.services.queue.look()
        var lately: Lately?
        if api.isDatabaseReady {
            lately = try await web.services.lately.look { [database = api.database] in
                (try await RecentTroubles.run(database), try await RecentTroubles.hours(database))
            }
        }
        web.show("System", .system) { html in
            html.element("h1", "System")
            html.refreshed(everySeconds: SystemPage.freshSeconds) { html in
                html.element("p", ["class": "soft"]) { html in
                    html.say("As of ")
                    html.time(api.clock.now(), "as-of")
                    html.say(". ")
                    html.link("/system", "Refresh")
                }
                parts(web, health.reply, queue, lately, to: &html)
            }
        }
    }

    private static func parts(
        _ web: WebCall, _ health: JSONValue, _ queue: QueueFigures?, _ lately: Lately?, to html: inout HTML
    ) {
        html.element("h2", "Health")
        HealthHTML.write(health, to: &html)
        html.element("h2", "This instance, last hour")
        hour(web.services.shared.trends.samples, to: &html)
        html.element("h2", "All instances, last 24 hours")
        day(lately?.hours ?? [], to: &html)
        html.element("h2", "Queue")
        self.queue(queue, to: &html)
        html.element("h2", "Limits")
        limits(web.api, to: &html)
        html.element("h2", "Recent trouble")
        troubles(lately?.troubles, to: &html)
    }

    // MARK: Charts

    private static func hour(_ samples: [TrendSample], to html: inout HTML) {
        // Half a minute per bar: thinner bars would be invisible.
        let together = 3
        // Periods before the start count as empty.
        let all = Array(repeating: TrendSample(), count: Trends.periods - samples.count) + samples
        let periods = stride(from: 0, to: all.count, by: together).map {
            all[$0..<min($0 + together, all.count)]
        }
        func values(_ count: (TrendSample) -> Int) -> [Double] {
            periods.map { Double($0.reduce(0) { $0 + count($1) }) }
        }
        let (from, to) = ("60 min ago", "now")
        html.element("div", ["class": "charts"]) { html in
            for chart in [
                Chart(
                    title: "Requests", values: values(\.requests), bad: values(\.failures),
                    unit: "per 30 s; red: status 5xx, or broken off", from: from, to: to),
                Chart(title: "Lots accepted", values: values(\.lots), unit: "per 30 s", from: from, to: to),
                Chart(
                    title: "Calls to OpenAI", values: values(\.providerCalls), bad: values(\.providerRefusals),
                    unit: "per 30 s; red: 429", from: from, to: to),
                Chart(
                    title: "Webhook attempts", values: values(\.webhookAttempts), unit: "per 30 s", from: from, to: to),
            ] {
                chart.write(to: &html)
            }
        }
    }

    private static func day(_ hours: [HourCount], to html: inout HTML) {
        guard let first = hours.first else { return html.element("p", "No figures: the database does not answer.") }
        let from = String(WebText.time(first.hour).dropFirst(11).prefix(5)) + " UTC"
        html.element("div", ["class": "charts"]) { html in
            Chart(title: "Jobs", values: hours.map { Double($0.jobs) }, unit: "per hour", from: from, to: "now")
                .write(to: &html)
            Chart(
                title: "Lots", values: hours.map { Double($0.lots) }, bad: hours.map { Double($0.failedLots) },
                unit: "of jobs created per hour; red: failed", from: from, to: "now"
            ).write(to: &html)
        }
    }

    // MARK: Tables

    private static func queue(_ figures: QueueFigures?, to html: inout HTML) {
        guard let figures else { return html.element("p", "No figures: the database does not answer.") }
        html.element("p", "\(WebText.plural(figures.pendingDeliveries, "webhook")) waiting to be delivered.")
        let jobs = figures.jobs.filter(\.status.isOpen) + figures.jobs.filter { !$0.status.isOpen }
        guard !jobs.isEmpty else { return html.element("p", "No open job, and none in the last 24 hours.") }
        let caption = "Open jobs, and those of the last 24 hours that have ended"
        html.table(caption, ["Status", "Stage", "Jobs", "Oldest"]) { html in
            for each in jobs {
                html.element("tr") { html in
                    html.element("td") { html in
                        html.element("a", ["href": "/jobs?status=\(each.status.rawValue)"]) {
                            $0.badge(each.status.rawValue)
                        }
                    }
                    html.element("td", each.stage.rawValue)
                    html.element("td", WebText.count(each.count))
                    html.element("td", DurationText.of(seconds: max(0, each.eldestSeconds)))
                }
            }
        }
    }

    private static func limits(_ services: APIServices, to html: inout HTML) {
        let rates = services.config.rates
        html.table("Requests per client and minute", ["Class", "Limit"]) { html in
            for (name, limit) in [
                ("single lot", rates.synchronous), ("batch", rates.batch), ("all others", rates.poll),
            ] {
                html.element("tr") { html in
                    html.element("td", name)
                    html.element("td", limit == 0 ? "off" : WebText.count(limit))
                }
            }
        }
        html.element("dl", ["class": "facts"]) { html in
            html.fact("Clients remembered", WebText.count(services.shared.limiter.held.clients))
            html.fact("Most lots per request", WebText.count(services.config.lotsMax))
            html.fact("Instance", services.instance)
            html.fact("Event loops", WebText.count(services.config.workerThreads))
            let (warnings, errors) = (LogMetrics.lines(.warning), LogMetrics.lines(.error))
            html.fact(
                "Log lines since the start",
                WebText.plural(warnings, "warning") + ", " + WebText.plural(errors, "error"))
        }
    }

    private static func troubles(_ troubles: [RecentTrouble]?, to html: inout HTML) {
        guard let troubles else { return html.element("p", "No figures: the database does not answer.") }
        guard !troubles.isEmpty else { return html.element("p", "None in the last 24 hours.") }
        html.table("Newest first", ["Time", "Source", "Job", "Error"]) { html in
            for trouble in troubles {
                html.element("tr") { html in
                    html.element("td") { $0.time(trouble.at) }
                    html.element("td", trouble.kind)
                    html.element("td") { html in
                        let page = trouble.kind == "webhook" ? "/webhooks" : ""
                        html.element("a", ["href": "/jobs/\(trouble.job)\(page)"]) {
                            $0.element("code", String(trouble.job.description.prefix(8)))
                        }
                    }
                    html.element("td") { $0.element("span", ["class": "cut"], trouble.message) }
                }
            }
        }
    }
}

/// The health report as cards, one per part; any members are shown.
enum HealthHTML {
    static func write(_ report: JSONValue, to html: inout HTML) {
        guard case .object(let members) = report else { return }
        html.element("p") { html in
            html.say("Overall: ")
            html.badge(report["status"]?.string ?? "unknown")
        }
        html.element("div", ["class": "cards"]) { html in
            for (name, part) in members {
                guard case .object(let facts) = part else { continue }
                html.element("section", ["class": "card"]) { html in
                    html.element("h3", title(name))
                    html.element("dl", ["class": "facts"]) { html in
                        for (fact, value) in facts { write(fact, value, to: &html) }
                    }
                }
            }
        }
    }

    private static func write(_ name: String, _ value: JSONValue, to html: inout HTML) {
        html.fact(title(name)) { html in
            switch value {
            case .string(let text) where name == "status": html.badge(text)
            case .string(let text):
                if let time = Timestamp(iso: text) { html.time(time) } else { html.say(text) }
            case .object(let members):
                html.say(members.isEmpty ? "none" : members.map { "\($0.0): \(plain($0.1))" }.joined(separator: ", "))
            case .null, .bool, .int, .double, .array: html.say(plain(value))
            }
        }
    }

    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .null: "-"
        case .double(let number): Chart.number(number)
        case .string(let text): text
        case .bool, .int, .array, .object: value.text
        }
    }

    /// The title of a member: `memory_percent` becomes `Memory percent`.
    private static func title(_ name: String) -> String {
        if name == "openai" { return "OpenAI" }
        let words = name.replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}
