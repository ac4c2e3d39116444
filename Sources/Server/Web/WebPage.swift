// Common parts of all pages: head, navigation, main part. Pure.
import Engine

/// The sections of the web interface, in the order of the navigation.
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

    /// Makes a whole page.
    /// - Parameters:
    ///   - session: the reader's session; nil for a page that is open to everybody.
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
    /// Adds a form that performs an action and carries the session's token.
    mutating func form(
        _ action: String, _ session: WebSession, confirm: String? = nil, busy: String? = nil,
        _ body: (inout HTML) -> Void
    ) {
        element("form", ["method": "post", "action": action, "data-confirm": confirm, "data-busy": busy]) { html in
            html.void("input", ["type": "hidden", "name": "csrf", "value": session.csrf])
            body(&html)
        }
    }

    /// Adds a time: in UTC for people, in ISO 8601 for programs.
    mutating func time(_ time: Timestamp?, _ attributes: String? = nil) {
        guard let time else { return say("-") }
        element("time", ["datetime": time.description, "id": attributes], WebText.time(time))
    }

    /// Adds a part that refreshes itself: site.js fetches the same page again and takes this part of it.
    /// - Parameter everySeconds: nil if nothing in the part will change any more.
    mutating func refreshed(everySeconds: Double?, _ body: (inout HTML) -> Void) {
        element("p", ["class": "soft", "role": "status", "data-refresh-state": ""], "")
        let interval = everySeconds.map { String(Int($0)) } ?? ""
        element("div", ["data-refresh": interval], body)
    }

    /// Adds one fact to a list.
    mutating func fact(_ name: String, _ value: (inout HTML) -> Void) {
        element("dt", name)
        element("dd", value)
    }

    mutating func fact(_ name: String, _ value: String) { fact(name) { $0.say(value) } }

    /// Adds a table that scrolls on its own on a narrow screen.
    /// - Parameter isTitled: a heading already says the same as the caption; only screen readers get the caption then.
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

    /// Adds a word in a badge; the colour only underlines the word's meaning.
    mutating func badge(_ word: String, _ id: String? = nil) {
        element("span", ["class": "badge \(WebText.mood(word))", "id": id], word)
    }
}

/// Texts of values on pages.
enum WebText {
    /// Formats a time: `2025-08-05 08:30:15 UTC`.
    static func time(_ time: Timestamp) -> String {
        let text = time.description
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + " UTC"
    }

    /// Formats a number with thin separators: `50 000`.
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

    /// Returns the style of a status: good, bad, or busy.
    static func mood(_ word: String) -> String {
        switch word {
        case "completed", "delivered", "collected", "healthy", "yes": "good"
        case "failed", "unhealthy", "expired", "abandoned": "bad"
        case "processing", "translating", "submitted", "uploading", "creating", "in_progress", "asking": "busy"
        case _: "plain"
        }
    }
}
