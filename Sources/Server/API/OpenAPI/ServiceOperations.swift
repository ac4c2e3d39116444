// The endpoints beside the API in its document (C9): health, this document, its page. Pure.
import Engine

enum ServiceOperations {
    private static let tag = "Service"

    static let all = [
        Operation(
            path: "/health", id: "getHealth", tag: tag, summary: "The service and its parts",
            description: "For monitoring. The service asks OpenAI every 30 s at most.", signed: .nothing,
            answers: [
                Answer(description: "All parts are healthy.", schema: Schema.ref("HealthReport")),
                Answer(status: 503, description: "A part is not healthy.", schema: Schema.ref("HealthReport")),
            ]),
        Operation(
            path: "/health/live", id: "getLive", tag: tag, summary: "Whether the process answers",
            description: "For supervisors: restart it if this fails.", signed: .nothing,
            answers: [Answer(description: "The process answers.", schema: Schema.ref("LiveReply"))]),
        Operation(
            path: "/health/ready", id: "getReady", tag: tag, summary: "Whether requests may be sent here",
            description: "For load balancers: 503 while the database is away or the service shuts down.",
            signed: .nothing, answers: [Answer(description: "Ready for requests.", schema: Schema.ref("ReadyReply"))],
            errors: [.serviceUnavailable]),
        Operation(
            path: "/openapi.json", id: "getDocument", tag: tag, summary: "This document",
            description: "OpenAPI 3.1.", signed: .nothing, parameters: ["IfNoneMatch"],
            answers: kept(
                "This document.", "application/json",
                .object([
                    ("type", "object"), ("required", ["openapi", "info", "paths"]),
                    ("properties", ["openapi": Schema.constant(APIDocument.openAPI, "The format's version.")]),
                ]))),
        Operation(
            path: "/", id: "getPage", tag: tag, summary: "This document as a page",
            description: "For people. It loads nothing from elsewhere, and can be read without scripts.",
            signed: .nothing,
            parameters: ["IfNoneMatch"],
            answers: kept("The page.", "text/html", ["type": "string"])),
        Operation(
            path: "/style.css", id: "getStyle", tag: tag, summary: "The page's style sheet", description: "CSS.",
            signed: .nothing, parameters: ["IfNoneMatch"],
            answers: kept("The style sheet.", "text/css", ["type": "string"])),
    ]

    /// Content that does not change while the service runs.
    private static func kept(_ description: String, _ type: String, _ schema: JSONValue) -> [Answer] {
        [
            Answer(description: description, schema: schema, mediaType: type, headers: ["ETag", "Cache-Control"]),
            Answer(
                status: 304, description: "The cached copy is current.", headers: ["ETag", "Cache-Control"]),
        ]
    }
}
