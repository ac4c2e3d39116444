// GET /jobs/{job_id}/lot?position=N: one lot, its input and its result. `&images=1` shows its pictures, which the
// reader's browser loads from their own hosts. Loop-bound.
import Engine

enum LotPage {
    /// Most pictures listed for a lot.
    static let imagesMax = 200
    /// Most hosts that a page may load pictures from; a header lists their names.
    static let hostsMax = 20

    static func answer(_ web: WebCall, _ raw: String) async throws {
        let query = try web.query
        let position = try query.integer("position", 0, 0...Limits.lotsPerRequest)
        let showsImages = try query.integer("images", 0, 0...1) == 1
        let job = try await web.job(raw)
        guard let lot = try await LotViews.one(web.api.database, job: job.id, position: position) else {
            throw ServiceError(.notFound, "The job has no such lot")
        }
        let urls = ((try? JSONValue.parse(Array(lot.images.utf8)))?.array ?? []).compactMap(\.string)
        let origins = showsImages ? LotPage.origins(urls) : []
        let result = lot.payload.flatMap { FinishedView($0) }
        web.show("Lot \(lot.lotID)", .jobs, images: origins) { html in
            JobPage.head(job, "Lots", to: &html)
            html.element("h2") { html in
                html.say("Lot ")
                html.element("code", lot.lotID)
            }
            facts(lot, result, position, to: &html)
            if let result { html.lotResult(result) }
            troubles(lot, to: &html)
            images(
                urls, missing: Set(result?.missing ?? []), origins: origins, showsImages,
                "/jobs/\(job.id)/lot?position=\(position)", to: &html)
            neighbours(job, position, to: &html)
        }
    }

    /// Returns the different origins of pictures, as a policy takes them. Origins that a policy cannot name are left
    /// out.
    static func origins(_ urls: [String]) -> [String] {
        var found: [String] = []
        for url in urls.prefix(imagesMax) {
            guard let origin = WebOrigin.origin(of: url), !found.contains(origin) else { continue }
            found.append(origin)
            if found.count == hostsMax { break }
        }
        return found
    }

    // MARK: Parts

    private static func facts(_ lot: LotDetail, _ result: FinishedView?, _ position: Int, to html: inout HTML) {
        html.element("dl", ["class": "facts"]) { html in
            html.fact("Status") { $0.badge(lot.succeeded.map { $0 ? "completed" : "failed" } ?? "open") }
            html.fact("No.", WebText.count(position + 1))
            if let end = lot.endedAt { html.fact("Ended") { $0.time(end) } }
            html.fact("Additional info", lot.additionalInfo ?? "-")
            html.fact("Webhook") { html in
                if let webhook = lot.webhook { html.element("code", webhook) } else { html.say("-") }
            }
        }
    }

    private static func troubles(_ lot: LotDetail, to html: inout HTML) {
        guard !lot.troubles.isEmpty else { return }
        html.element("h3", "Answers that could not be used")
        html.table("Answers that could not be used", isTitled: true, ["Stage", "Round", "Reason"]) { html in
            for trouble in lot.troubles {
                html.element("tr") { html in
                    html.element("td", trouble.stage)
                    html.element("td", String(trouble.round))
                    html.element("td", trouble.reason)
                }
            }
        }
    }

    private static func images(
        _ urls: [String], missing: Set<String>, origins: [String], _ showsImages: Bool, _ path: String,
        to html: inout HTML
    ) {
        html.element("h3", ["id": "images"], "Images, \(WebText.count(urls.count))")
        if !showsImages {
            html.element("p") { html in
                html.element("a", ["href": "\(path)&images=1#images", "class": "button"], "Show the images")
                html.say(" Your browser loads them from their own servers.")
            }
        }
        html.element("ul", ["class": showsImages ? "pictures" : "plain"]) { html in
            for url in urls.prefix(imagesMax) {
                html.element("li") { html in
                    // An image that could not be used is not shown.
                    if let origin = WebOrigin.origin(of: url), origins.contains(origin), !missing.contains(url) {
                        html.void(
                            "img",
                            [
                                "src": url, "alt": "Image of this lot", "loading": "lazy", "width": "240",
                                "height": "180", "referrerpolicy": "no-referrer",
                            ])
                    }
                    html.outsideLink(url)
                    if missing.contains(url) { html.badge("missing") }
                }
            }
        }
        if urls.count > imagesMax { html.element("p", "Only the first \(imagesMax) are listed here.") }
    }

    private static func neighbours(_ job: JobView, _ position: Int, to html: inout HTML) {
        html.element("nav", ["aria-label": "Lots", "class": "pages"]) { html in
            if position > 0 {
                html.element(
                    "a", ["href": "/jobs/\(job.id)/lot?position=\(position - 1)", "rel": "prev"], "Previous lot")
            }
            if position + 1 < job.totalLots {
                html.element("a", ["href": "/jobs/\(job.id)/lot?position=\(position + 1)", "rel": "next"], "Next lot")
            }
        }
    }
}

extension HTML {
    /// Writes the result of a lot: its descriptions side by side, or the reason why there are none.
    mutating func lotResult(_ result: FinishedView) {
        if let error = result.error { element("p", ["class": "problem"], error) }
        if !result.descriptions.isEmpty {
            element("div", ["class": "languages"]) { html in
                for each in result.descriptions {
                    html.element("section", ["aria-label": "Description in \(each.language)"]) { html in
                        html.element("h3", Languages.englishName(each.language) + " (\(each.language))")
                        html.element("div", ["lang": each.language, "dir": "auto"]) { $0.description(each.damages) }
                    }
                }
            }
        }
        if !result.missing.isEmpty {
            element("h3", "Missing images, \(WebText.count(result.missing.count))")
            element("ul", ["class": "plain"]) { html in
                for url in result.missing.prefix(LotPage.imagesMax) { html.element("li") { $0.outsideLink(url) } }
            }
        }
    }
}

extension WebOrigin {
    /// Returns `https://host:port` as a Content-Security-Policy takes it; nil for hosts that it cannot name (an IPv6
    /// address, a name that is not ASCII).
    static func origin(of url: String) -> String? {
        guard let scheme = ["https://", "http://"].first(where: url.lowercased().hasPrefix) else { return nil }
        let authority = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let isPlain = authority.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || "-._:".utf8.contains($0) }
        guard !authority.isEmpty, authority.utf8.count <= 260, isPlain else { return nil }
        return scheme + authority.lowercased()
    }
}
