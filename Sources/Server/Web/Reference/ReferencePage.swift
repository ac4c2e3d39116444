// GET /: the API's document as a page for people, made from the same value as /openapi.json. It loads only our own
// style sheet and scripts, and can be read without the scripts. Pure.
import Engine

enum ReferencePage {
    static let page = StaticReply(
        "text/html; charset=utf-8", Array(make(APIDocument.value).utf8),
        headers: WebHeaders.page())

    static let document = StaticReply("application/json", APIDocument.value.bytes)

    /// The sections in their order. Add a section here.
    private static let sections: [(id: String, title: String, write: @Sendable (JSONValue, inout HTML) -> Void)] = [
        ("overview", "Overview", overview),
        ("signatures", "Signatures", signatures),
        ("playground", "Signature playground", PlaygroundHTML.write),
        ("endpoints", "Endpoints", EndpointHTML.all),
        ("webhooks", "Webhooks", EndpointHTML.webhooks),
        ("errors", "Errors", errors),
        ("schemas", "Schemas", schemas),
    ]

    static func make(_ document: JSONValue) -> String {
        let title = document["info"]?["title"]?.string ?? ""
        return WebPage.make(title, section: .docs, scripts: ["/site.js", "/playground.js"]) { html in
            header(document, title, to: &html)
            for section in sections {
                html.element("section", ["id": section.id]) { html in
                    html.element("h2", section.title)
                    section.write(document, &html)
                }
            }
        }
    }

    private static func header(_ document: JSONValue, _ title: String, to html: inout HTML) {
        html.element("h1", title)
        html.element("p") { html in
            html.say(document["info"]?["summary"]?.string ?? "")
            html.say(". Version \(ServiceVersion.full). ")
            html.link("/openapi.json", "openapi.json")
        }
        html.element("nav", ["aria-label": "Sections"]) { html in
            html.element("ul", ["class": "tabs"]) { html in
                for section in sections {
                    html.element("li") { $0.link("#" + section.id, section.title) }
                }
            }
        }
    }

    // MARK: Sections

    private static func overview(_ document: JSONValue, _ html: inout HTML) {
        Prose.write(document["info"]?["description"]?.string ?? "", headings: 3, to: &html)
    }

    private static func signatures(_ document: JSONValue, _ html: inout HTML) {
        let scheme = document["components"]?["securitySchemes"]?[DocumentSecurity.scheme]
        Prose.write(scheme?["description"]?.string ?? "", headings: 3, to: &html)
    }

    private static func errors(_ document: JSONValue, _ html: inout HTML) {
        html.element("div", ["class": "wide"]) { html in
            html.element("table") { html in
                html.element("thead") { html in
                    html.element("tr") { html in
                        for title in ["Status", "code", "Meaning"] { html.element("th", ["scope": "col"], title) }
                    }
                }
                html.element("tbody") { html in
                    for code in ServiceError.Code.allCases.sorted(by: { $0.status < $1.status }) {
                        row(code, to: &html)
                    }
                }
            }
        }
    }

    private static func row(_ code: ServiceError.Code, to html: inout HTML) {
        html.element("tr") { html in
            html.element("td", String(code.status))
            html.element("td") { html in
                html.element("a", ["href": "#schema-" + code.schemaName]) { $0.element("code", code.rawValue) }
            }
            html.element("td") { Prose.inline(code.meaning, to: &$0) }
        }
    }

    private static func schemas(_ document: JSONValue, _ html: inout HTML) {
        guard case .object(let all)? = document["components"]?["schemas"] else { return }
        for (name, schema) in all {
            html.element("article", ["id": "schema-" + name]) { html in
                html.element("h3", name)
                html.element("p", ["class": "kind"]) { SchemaHTML.kind(schema, to: &$0) }
                SchemaHTML.write(schema, to: &html)
            }
        }
    }
}
