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
        ["name": "Descriptions", "description": "Cars in, descriptions out."],
        ["name": "Jobs", "description": "What became of a batch."],
        ["name": "Webhooks", "description": "Being told instead of asking."],
        ["name": "Service", "description": "Beside the API; nothing here is signed."],
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
