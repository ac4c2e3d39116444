// An endpoint in the API's document: parameters, body, replies and errors. Pure.
import Engine

struct Operation {
    /// The text that the signature covers (C1).
    enum Signed {
        case nothing
        /// The id in the path, or the request target.
        case inHeader
        /// `lots` or the raw body. The signature may be inside the body as well.
        case lots
    }

    var method = "get"
    let path: String
    let id: String
    let tag: String
    let summary: String
    let description: String
    var signed = Signed.inHeader
    /// Names in `DocumentParameters`.
    var parameters: [String] = []
    /// The name of the body's schema.
    var body: String?
    let answers: [Answer]
    /// Errors of this endpoint, apart from those of all endpoints.
    var errors: [ServiceError.Code] = []
    var samples: [CodeSample] = []

    private var isAPI: Bool { path.hasPrefix("/api/") }

    /// Errors of every request, and of all requests below `/api/`.
    private var allErrors: [ServiceError.Code] {
        var all = errors
        if isAPI { all += [.rateLimitExceeded, .serviceUnavailable] }
        if signed != .nothing { all += [.missingSignature, .invalidSignature] }
        if path.contains("{") { all.append(.notFound) }
        return all + [.badRequest, .methodNotAllowed, .requestTimeout, .headersTooLarge, .internalError]
    }

    var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("operationId", .string(id)), ("tags", [.string(tag)]), ("summary", .string(summary)),
            ("description", .string(description)), ("security", security),
            ("parameters", .array((parameters + ["RequestID"]).map(DocumentParameters.ref))),
        ]
        if let body {
            let content: JSONValue = ["application/json": ["schema": Schema.ref(body), "examples": bodyExamples]]
            members.append(("requestBody", ["required": true, "content": content]))
        }
        members.append(("responses", responses))
        if !samples.isEmpty { members.append(("x-codeSamples", .array(samples.map(\.json)))) }
        return .object(members)
    }

    private var bodyExamples: JSONValue {
        [
            "oneCar": ["summary": "One car, described at once", "value": Samples.synchronousRequest],
            "batch": ["summary": "Two cars, as a batch job", "value": Samples.batchRequest],
        ]
    }

    private var security: JSONValue {
        let header: JSONValue = .object([(DocumentSecurity.scheme, .array([]))])
        return switch signed {
        case .nothing: .array([])
        case .inHeader: .array([header])
        // A security scheme cannot describe a signature inside the body.
        case .lots: .array([header, .object([])])
        }
    }

    // MARK: Replies

    private var responses: JSONValue {
        let codes = Dictionary(grouping: allErrors, by: \.status)
        let good = answers.map { ($0.status, $0.json(isAPI: isAPI)) }
        let bad = codes.filter { code in !answers.contains { $0.status == code.key } }
            .map { ($0.key, failure($0.value)) }
        return .object((good + bad).sorted { $0.0 < $1.0 }.map { (String($0.0), $0.1) })
    }

    private func failure(_ codes: [ServiceError.Code]) -> JSONValue {
        let names = codes.map { "`\($0.rawValue)`: \($0.meaning)" }
        let text = names.count == 1 ? names[0] : names.map { "- " + $0 }.joined(separator: "\n")
        let examples = codes.map { ($0.rawValue, JSONValue.object([("value", ErrorSchemas.example($0))])) }
        return [
            "description": .string(text),
            "headers": DocumentHeaders.references(headers(codes)),
            "content": [
                "application/json": ["schema": ErrorSchemas.either(codes), "examples": .object(examples)]
            ],
        ]
    }

    private func headers(_ codes: [ServiceError.Code]) -> [String] {
        var names = DocumentHeaders.always + (isAPI ? DocumentHeaders.rates : [])
        if codes == [.methodNotAllowed] { names.append("Allow") }
        if codes.contains(.unsupportedMediaType) { names.append("Accept-Encoding") }
        if codes.allSatisfy({ $0.waiting == .always }) {
            names.append("Retry-After")
        } else if codes.contains(where: { $0.waiting != .never }) {
            names.append("Retry-After-If-Known")
        }
        return names
    }
}

/// A successful reply.
struct Answer {
    var status = 200
    let description: String
    /// Nil if the reply has no content.
    var schema: JSONValue?
    var mediaType = "application/json"
    /// Another form of the reply.
    var also: (type: String, schema: JSONValue)?
    /// Names in `DocumentHeaders`.
    var headers: [String] = []
    /// Possible next calls: an operation's id, its parameter, and the place of that parameter's value in the body.
    var links: [(operation: String, parameter: String, pointer: String)] = []

    func json(isAPI: Bool) -> JSONValue {
        let names = DocumentHeaders.always + (isAPI ? DocumentHeaders.rates : []) + headers
        var members: [(String, JSONValue)] = [
            ("description", .string(description)), ("headers", DocumentHeaders.references(names)),
        ]
        if let schema {
            var media: [(String, JSONValue)] = [("schema", schema)]
            if let example = APIDocument.resolved(schema)["examples"]?.array?.first {
                media.append(("example", example))
            }
            let other = also.map { [($0.type, JSONValue.object([("schema", $0.schema)]))] } ?? []
            members.append(("content", .object([(mediaType, .object(media))] + other)))
        }
        if !links.isEmpty { members.append(("links", .object(links.map { ($0.operation, link($0)) }))) }
        return .object(members)
    }

    private func link(_ next: (operation: String, parameter: String, pointer: String)) -> JSONValue {
        [
            "operationId": .string(next.operation),
            "parameters": .object([(next.parameter, .string("$response.body#" + next.pointer))]),
        ]
    }
}

/// A call in some language, ready to copy.
struct CodeSample {
    let language: String
    let label: String
    let source: String

    var json: JSONValue {
        ["lang": .string(language), "label": .string(label), "source": .string(source)]
    }
}
