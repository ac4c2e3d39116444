// What all pages have in common: head, navigation, main part. Pure.
import Engine

/// The parts of the web interface, as the navigation lists them.
enum WebSection: String, CaseIterable {
    case docs, jobs, tryIt, system

    var path: String {
        switch self {
        case .docs: "/"
        case .jobs: "/jobs"
        case .tryIt: "/try"
        case .system: "/system"
        }
    }

    var title: String {
        switch self {
        case .docs: "Docs"
        case .jobs: "Jobs"
        case .tryIt: "Try it"
        case .system: "System"
        }
    }
}

enum WebPage {
    static let service = "Generation Service"

    /// A whole page.
    /// - Parameters:
    ///   - session: of whom it is shown to; nil: to everybody.
    ///   - scripts: paths of our own scripts.
    static func make(
        _ title: String, section: WebSection?, session: WebSession? = nil, scripts: [String] = ["/site.js"],
        _ body: (inout HTML) -> Void
    ) -> String {
        var html = HTML()
        html.element("html", ["lang": "en"]) { html in
            html.element("head") { head(title, scripts, to: &$0) }
            html.element("body") { html in
                html.element("a", ["href": "#main", "class": "skip"], "Skip to the content")
                html.element("header", ["class": "site"]) { header(section, session, to: &$0) }
                html.element("main", ["id": "main"], body)
            }
        }
        return "<!DOCTYPE html>\n" + html.text + "\n"
    }

    private static func head(_ title: String, _ scripts: [String], to html: inout HTML) {
        html.void("meta", ["charset": "utf-8"])
        html.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        html.void("meta", ["name": "color-scheme", "content": "light dark"])
        html.element("title", title == service ? title : "\(title) - \(service)")
        html.void("link", ["rel": "icon", "href": "/favicon.svg", "type": "image/svg+xml"])
        html.void("link", ["rel": "stylesheet", "href": "/style.css"])
        for script in scripts { html.element("script", ["src": script, "defer": ""], "") }
    }

    private static func header(_ current: WebSection?, _ session: WebSession?, to html: inout HTML) {
        html.element("p", ["class": "brand"], service)
        html.element("nav", ["aria-label": "Main"]) { html in
            html.element("ul") { html in
                for section in WebSection.allCases {
                    html.element("li") { html in
                        html.element(
                            "a", ["href": section.path, "aria-current": section == current ? "page" : nil],
                            section.title)
                    }
                }
            }
        }
        guard let session else { return }
        html.form("/sign-out", session) { $0.element("button", ["class": "quiet"], "Sign out") }
    }
}

// MARK: Pieces

extension HTML {
    /// A form that does something, with the session's token in it.
    mutating func form(
        _ action: String, _ session: WebSession, confirm: String? = nil, busy: String? = nil,
        _ body: (inout HTML) -> Void
    ) {
        element("form", ["method": "post", "action": action, "data-confirm": confirm, "data-busy": busy]) { html in
            html.void("input", ["type": "hidden", "name": "csrf", "value": session.csrf])
            body(&html)
        }
    }

    /// A moment: for people in UTC, for programs in ISO 8601.
    mutating func time(_ time: Timestamp?, _ attributes: String? = nil) {
        guard let time else { return say("-") }
        element("time", ["datetime": time.description, "id": attributes], WebText.time(time))
    }

    /// A part that the page asks for again by itself: site.js gets the same page and takes this part of it.
    /// - Parameter everySeconds: nil: nothing in it will change any more.
    mutating func refreshed(everySeconds: Double?, _ body: (inout HTML) -> Void) {
        element("p", ["class": "soft", "role": "status", "data-refresh-state": ""], "")
        let interval = everySeconds.map { String(Int($0)) } ?? ""
        element("div", ["data-refresh": interval], body)
    }

    /// One fact of a list.
    mutating func fact(_ name: String, _ value: (inout HTML) -> Void) {
        element("dt", name)
        element("dd", value)
    }

    mutating func fact(_ name: String, _ value: String) { fact(name) { $0.say(value) } }

    /// A table that scrolls by itself where the screen is narrow.
    /// - Parameter isTitled: a heading says already what the caption says; then only screen readers have it.
    mutating func table(
        _ caption: String, isTitled: Bool = false, _ columns: [String], _ rows: (inout HTML) -> Void
    ) {
        element("div", ["class": "wide", "tabindex": "0", "role": "region", "aria-label": caption]) { html in
            html.element("table") { html in
                html.element("caption", ["class": isTitled ? "hidden" : nil], caption)
                html.element("thead") { html in
                    html.element("tr") { html in
                        for column in columns { html.element("th", ["scope": "col"], column) }
                    }
                }
                html.element("tbody", rows)
            }
        }
    }

    /// A word with a colour that only underlines what it says.
    mutating func badge(_ word: String, _ id: String? = nil) {
        element("span", ["class": "badge \(WebText.mood(word))", "id": id], word)
    }
}

/// How values are shown.
enum WebText {
    /// `2025-08-05 08:30:15 UTC`.
    static func time(_ time: Timestamp) -> String {
        let text = time.description
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + " UTC"
    }

    /// With thin separators: `50 000`.
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var out = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { out += "\u{202F}" }
            out.append(digit)
        }
        return number < 0 ? "-" + out : out
    }

    static func bytes(_ bytes: Int) -> String {
        switch bytes {
        case ..<1024: "\(bytes) B"
        case ..<(1024 * 1024): "\(bytes / 1024) KB"
        case _: "\(bytes / (1024 * 1024)) MB"
        }
    }

    static func plural(_ number: Int, _ word: String) -> String { "\(count(number)) \(word)\(number == 1 ? "" : "s")" }

    /// A style for a status: good, bad, or under way.
    static func mood(_ word: String) -> String {
        switch word {
        case "completed", "delivered", "collected", "healthy", "yes": "good"
        case "failed", "unhealthy", "expired", "abandoned": "bad"
        case "processing", "translating", "submitted", "uploading", "creating", "in_progress", "asking": "busy"
        case _: "plain"
        }
    }
}
