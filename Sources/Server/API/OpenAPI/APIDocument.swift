// GET /openapi.json: the API as an OpenAPI 3.1 document, made from the service's own tables. Pure.
import Engine

enum DocumentSecurity {
    static let scheme = "Signature"

    static let schemes: JSONValue = .object([
        (
            scheme,
            .object([
                ("type", "apiKey"), ("in", "header"), ("name", "X-Signature"),
                ("description", .string(DocumentProse.signatures)),
            ])
        )
    ])
}

enum APIDocument {
    static let openAPI = "3.1.0"

    /// In reading order.
    static let operations =
        GenerateOperation.all + JobOperations.all + DeliveryOperations.all + ServiceOperations.all

    /// Built on first use.
    static let value: JSONValue = .object([
        ("openapi", .string(openAPI)),
        ("info", info),
        ("servers", [["url": "/", "description": "This service"]]),
        ("tags", .array(tags)),
        ("paths", .object(paths)),
        ("webhooks", DeliveryOperations.webhooks),
        ("components", components),
    ])

    private static let info: JSONValue = [
        "title": "Generation Service",
        "version": .string(ServiceVersion.full),
        "summary": "Descriptions of damaged cars from photographs",
        "description": .string(DocumentProse.overview),
    ]

    private static let tags: [JSONValue] = [
        ["name": "Descriptions", "description": "Describes cars from photographs."],
        ["name": "Jobs", "description": "Status, results and cancellation of batch jobs."],
        ["name": "Webhooks", "description": "Notifications about ended jobs, instead of polling."],
        ["name": "Service", "description": "Endpoints beside the API; they need no signature."],
    ]

    private static var paths: [(String, JSONValue)] {
        operations.map { ($0.path, .object([($0.method, $0.json)])) }
    }

    private static let schemas =
        RequestSchemas.all + ReplySchemas.all + DeliverySchemas.all + ServiceSchemas.all + ErrorSchemas.all

    /// The schema that a reference names; any other schema unchanged.
    static func resolved(_ schema: JSONValue) -> JSONValue {
        guard let reference = schema["$ref"] else { return schema }
        return schemas.first { Schema.ref($0.0)["$ref"] == reference }?.1 ?? schema
    }

    private static let components: JSONValue = .object([
        ("schemas", .object(schemas)),
        ("parameters", .object(DocumentParameters.all)),
        ("headers", .object(DocumentHeaders.all)),
        ("securitySchemes", DocumentSecurity.schemes),
    ])
}
