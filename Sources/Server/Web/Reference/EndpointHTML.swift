// The endpoints and webhooks of the API's document, each as an article of the page. Pure.
import Engine

enum EndpointHTML {
    static func all(_ document: JSONValue, _ html: inout HTML) {
        let operations = operations(document)
        html.element("ul") { html in
            for each in operations {
                html.element("li") { html in
                    html.element("a", ["href": "#" + (each.operation["operationId"]?.string ?? "")]) { html in
                        html.element("code", each.method.uppercased() + " " + each.path)
                    }
                    html.say(" " + (each.operation["summary"]?.string ?? ""))
                }
            }
        }
        for tag in document["tags"]?.array ?? [] {
            html.element("h3", tag["name"]?.string ?? "")
            Prose.write(tag["description"]?.string ?? "", to: &html)
            for each in operations where each.operation["tags"]?.array?.contains(tag["name"] ?? nil) == true {
                article(document, each.operation, to: &html) { html in
                    html.element("code", ["class": "method"], each.method.uppercased())
                    html.say(" ")
                    html.element("code", each.path)
                }
            }
        }
    }

    static func webhooks(_ document: JSONValue, _ html: inout HTML) {
        guard case .object(let events)? = document["webhooks"] else { return }
        // All webhooks have the same description.
        Prose.write(events.first?.1["post"]?["description"]?.string ?? "", to: &html)
        for (event, item) in events {
            guard let operation = item["post"] else { continue }
            article(document, operation, isWebhook: true, to: &html) { $0.element("code", event) }
        }
    }

    private static func operations(_ document: JSONValue) -> [(path: String, method: String, operation: JSONValue)] {
        guard case .object(let paths)? = document["paths"] else { return [] }
        return paths.flatMap { path, item -> [(path: String, method: String, operation: JSONValue)] in
            guard case .object(let methods) = item else { return [] }
            return methods.map { (path: path, method: $0.0, operation: $0.1) }
        }
    }

    private static func article(
        _ document: JSONValue, _ operation: JSONValue, isWebhook: Bool = false, to html: inout HTML,
        title: (inout HTML) -> Void
    ) {
        html.element("article", ["id": operation["operationId"]?.string ?? ""]) { html in
            html.element("h4", title)
            html.element("p") { $0.element("strong", operation["summary"]?.string ?? "") }
            if !isWebhook { Prose.write(operation["description"]?.string ?? "", headings: 5, to: &html) }
            samples(operation, to: &html)
            parameters(document, operation, to: &html)
            body(operation, to: &html)
            if !isWebhook { responses(operation, to: &html) }
        }
    }

    // MARK: Requests

    private static func samples(_ operation: JSONValue, to html: inout HTML) {
        for sample in operation["x-codeSamples"]?.array ?? [] {
            html.element("details") { html in
                html.element("summary", "Example: \(sample["label"]?.string ?? "")")
                html.element("pre", ["class": "copy"]) { $0.element("code", sample["source"]?.string ?? "") }
            }
        }
    }

    private static func parameters(_ document: JSONValue, _ operation: JSONValue, to html: inout HTML) {
        let all = (operation["parameters"]?.array ?? []).compactMap { resolved($0, document) }
        guard !all.isEmpty else { return }
        html.element("h5", "Parameters")
        html.element("dl", ["class": "members"]) { html in
            for parameter in all {
                html.element("dt") { html in
                    html.element("code", parameter["name"]?.string ?? "")
                    html.element("span", ["class": "kind"], " in \(parameter["in"]?.string ?? "")")
                    if parameter["required"]?.bool != true { html.element("span", ["class": "optional"], " optional") }
                }
                html.element("dd") { html in
                    Prose.write(parameter["description"]?.string ?? "", to: &html)
                    SchemaHTML.write(parameter["schema"] ?? nil, to: &html)
                }
            }
        }
    }

    private static func resolved(_ parameter: JSONValue, _ document: JSONValue) -> JSONValue? {
        guard let name = parameter["$ref"]?.string?.split(separator: "/").last else { return parameter }
        return document["components"]?["parameters"]?[String(name)]
    }

    private static func body(_ operation: JSONValue, to html: inout HTML) {
        guard let media = operation["requestBody"]?["content"]?["application/json"] else { return }
        html.element("h5", "Body")
        html.element("p") { SchemaHTML.kind(media["schema"] ?? nil, to: &$0) }
        examples(media, to: &html)
    }

    private static func examples(_ media: JSONValue, to html: inout HTML) {
        var all = media["example"].map { [("Example", $0)] } ?? []
        if case .object(let named)? = media["examples"] {
            all += named.map { ($0.1["summary"]?.string ?? $0.0, $0.1["value"] ?? nil) }
        }
        for (title, value) in all {
            html.element("details") { html in
                html.element("summary", title)
                SchemaHTML.json(value, to: &html)
            }
        }
    }

    // MARK: Replies

    private static func responses(_ operation: JSONValue, to html: inout HTML) {
        guard case .object(let all)? = operation["responses"] else { return }
        html.element("h5", "Replies")
        html.element("dl", ["class": "members"]) { html in
            for (status, reply) in all {
                html.element("dt") { $0.element("code", status) }
                html.element("dd") { one(reply, to: &$0) }
            }
        }
    }

    private static func one(_ reply: JSONValue, to html: inout HTML) {
        Prose.write(reply["description"]?.string ?? "", to: &html)
        if case .object(let contents)? = reply["content"] {
            for (type, media) in contents {
                html.element("p", ["class": "kind"]) { html in
                    html.say(type + ": ")
                    SchemaHTML.kind(media["schema"] ?? nil, to: &html)
                }
                examples(media, to: &html)
            }
        }
        if case .object(let headers)? = reply["headers"] {
            html.element("p", ["class": "kind"], "headers: " + headers.map(\.0).joined(separator: ", "))
        }
    }
}
