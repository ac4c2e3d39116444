// GET /jobs/{job_id}/lots: a job's lots, paged by position: all, the failed ones, or those with missing images.
// Loop-bound.
import Engine

enum LotsPage {
    static func answer(_ web: WebCall, _ raw: String) async throws {
        let query = try web.query
        let choice = try query.choice("show", LotChoice.allCases.map(\.rawValue)).flatMap(LotChoice.init) ?? .all
        let after = try query.integer("after", -1, -1...Limits.lotsPerRequest)
        let job = try await web.job(raw)
        var lots = try await LotViews.page(
            web.api.database, job: job.id, choice, after: after, limit: LotViews.lots + 1)
        let hasMore = lots.count > LotViews.lots
        lots = Array(lots.prefix(LotViews.lots))
        web.show("Lots of job \(job.id)", .jobs) { html in
            JobPage.head(job, "Lots", to: &html)
            filter(job, choice, to: &html)
            if lots.isEmpty {
                html.element("p", after >= 0 ? "No more lots." : "No such lots.")
            } else {
                list(job, lots, to: &html)
            }
            pages(job, choice, hasMore ? lots.last : nil, isFirst: after < 0, to: &html)
        }
    }

    private static func path(_ job: JobView, _ choice: LotChoice) -> String {
        "/jobs/\(job.id)/lots" + (choice == .all ? "" : "?show=\(choice.rawValue)")
    }

    private static func filter(_ job: JobView, _ current: LotChoice, to html: inout HTML) {
        html.element("nav", ["aria-label": "Which lots"]) { html in
            html.element("ul", ["class": "tabs small"]) { html in
                for (choice, title) in [
                    (LotChoice.all, "All, \(WebText.count(job.totalLots))"),
                    (.failed, "Failed, \(WebText.count(job.failedLots))"), (.missing, "With missing images"),
                ] {
                    html.element("li") { html in
                        html.element(
                            "a",
                            ["href": path(job, choice), "aria-current": choice == current ? "true" : nil], title)
                    }
                }
            }
        }
    }

    private static func list(_ job: JobView, _ lots: [LotLine], to html: inout HTML) {
        html.table("Lots", isTitled: true, ["No.", "Lot", "Status", "Images", "Summary"]) { html in
            for lot in lots {
                html.element("tr") { html in
                    html.element("td", WebText.count(lot.position + 1))
                    html.element("td") { html in
                        html.link("/jobs/\(job.id)/lot?position=\(lot.position)", lot.lotID)
                    }
                    html.element("td") { $0.badge(lot.word) }
                    html.element("td", lot.usable)
                    html.element("td") { $0.element("span", ["class": "cut"], lot.summary) }
                }
            }
        }
    }

    private static func pages(
        _ job: JobView, _ choice: LotChoice, _ last: LotLine?, isFirst: Bool, to html: inout HTML
    ) {
        guard last != nil || !isFirst else { return }
        html.element("nav", ["aria-label": "Pages", "class": "pages"]) { html in
            if !isFirst { html.link(path(job, choice), "First lots") }
            if let last {
                let join = choice == .all ? "?" : "&"
                html.element(
                    "a", ["href": path(job, choice) + "\(join)after=\(last.position)", "rel": "next"], "More lots")
            }
        }
    }
}

extension LotLine {
    var word: String { succeeded.map { $0 ? "completed" : "failed" } ?? "open" }

    var usable: String { usableImages.map { "\($0) of \(images)" } ?? String(images) }

    /// The lot's error, or the beginning of its first description.
    var summary: String {
        guard let result = payload.flatMap({ FinishedView($0) }) else { return "" }
        if let error = result.error { return error }
        let text = result.descriptions.first?.damages ?? ""
        return String(WebText.withoutTags(text).prefix(160))
    }
}

/// A lot's finished JSON, parsed again.
struct FinishedView {
    let error: String?
    let processedImages: Int
    let descriptions: [(language: String, damages: String)]
    let missing: [String]

    /// nil if the JSON cannot be read.
    init?(_ text: String) {
        guard let json = try? JSONValue.parse(Array(text.utf8)) else { return nil }
        error = json["error"]?.string
        processedImages = json["processed_images"]?.int ?? 0
        descriptions = (json["descriptions"]?.array ?? []).compactMap { each in
            guard let language = each["language"]?.string, let damages = each["damages"]?.string else { return nil }
            return (language, damages)
        }
        missing = (json["missing_images"]?.array ?? []).compactMap(\.string)
    }

    init(_ lot: FinishedLot) {
        error = lot.error
        processedImages = lot.processedImages
        descriptions = lot.descriptions
        missing = lot.missingImages
    }
}

extension WebText {
    /// Returns a description as plain text: tags become spaces, references become their characters.
    static func withoutTags(_ damages: String) -> String {
        var out = ""
        var isInside = false
        for character in damages {
            switch character {
            case "<":
                isInside = true
                out += " "
            case ">": isInside = false
            case _: if !isInside { out.append(character) }
            }
        }
        for (reference, plain) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            out = out.replacing(reference, with: plain)
        }
        return out.split(separator: " ").joined(separator: " ")
    }
}
