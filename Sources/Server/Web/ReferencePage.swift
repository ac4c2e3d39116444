// GET /: the API's document as a page for people, made of the same value as /openapi.json. It loads nothing but our own
// style sheet and runs no script. Pure.
import Engine

enum ReferencePage {
    static let style = StaticReply("text/css; charset=utf-8", Array(ReferenceStyle.text.utf8))

    static let page = StaticReply(
        "text/html; charset=utf-8", Array(make(APIDocument.value).utf8),
        headers: [
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            ("Referrer-Policy", "no-referrer"),
        ])

    static let document = StaticReply("application/json", APIDocument.value.bytes)

    /// The sections in their order: a new one is a line here.
    private static let sections: [(id: String, title: String, write: @Sendable (JSONValue, inout HTML) -> Void)] = [
        ("overview", "Overview", overview),
        ("signatures", "Signatures", signatures),
        ("endpoints", "Endpoints", EndpointHTML.all),
        ("webhooks", "Webhooks", EndpointHTML.webhooks),
        ("errors", "Errors", errors),
        ("schemas", "Schemas", schemas),
    ]

    static func make(_ document: JSONValue) -> String {
        var html = HTML()
        html.element("html", ["lang": "en"]) { html in
            html.element("head") { head(document, to: &$0) }
            html.element("body") { html in
                html.element("header") { header(document, to: &$0) }
                html.element("main") { html in
                    for section in sections {
                        html.element("section", ["id": section.id]) { html in
                            html.element("h2", section.title)
                            section.write(document, &html)
                        }
                    }
                }
            }
        }
        return "<!DOCTYPE html>\n" + html.text + "\n"
    }

    private static func head(_ document: JSONValue, to html: inout HTML) {
        html.void("meta", ["charset": "utf-8"])
        html.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        html.void("meta", ["name": "color-scheme", "content": "light dark"])
        html.element("title", document["info"]?["title"]?.string ?? "")
        html.void("link", ["rel": "stylesheet", "href": "/style.css"])
    }

    private static func header(_ document: JSONValue, to html: inout HTML) {
        html.element("h1", document["info"]?["title"]?.string ?? "")
        html.element("p") { html in
            html.say(document["info"]?["summary"]?.string ?? "")
            html.say(". Version \(APIDocument.version). ")
            html.link("/openapi.json", "openapi.json")
        }
        html.element("nav", ["aria-label": "Sections"]) { html in
            html.element("ul") { html in
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
