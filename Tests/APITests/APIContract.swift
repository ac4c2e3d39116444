// Checks real messages against the API document: statuses, headers, bodies. A value. Thread: any.
import Engine
import LoadtestKit
import TestSupport

@testable import Server

struct APIContract {
    private let document: JSONValue
    private let schemas: JSONSchema

    init(_ document: JSONValue = APIDocument.value) {
        self.document = document
        schemas = JSONSchema(document: document)
    }

    /// Errors of `value` as an instance of the schema with this name.
    func problems(of value: JSONValue, as name: String) -> [String] {
        schemas.problems(of: value, in: Schema.ref(name))
    }

    /// Errors of a reply to the operation with this id: an undescribed status, member or type, or a missing described
    /// header or member.
    func problems(of reply: TestServer.Reply, to id: String) -> [String] {
        let operations = (document["paths"]?.objectMembers ?? []).flatMap { $0.1.objectMembers.map(\.1) }
        guard let operation = operations.first(where: { $0["operationId"]?.string == id }) else {
            return ["there is no operation \(id)"]
        }
        guard let described = operation["responses"]?[String(reply.status)] else {
            return ["\(id): the status \(reply.status) is not described: \(reply.text)"]
        }
        let problems = headerProblems(described["headers"], reply.header) + bodyProblems(described["content"], reply)
        return problems.map { "\(id) \(reply.status) \($0)" }
    }

    /// Errors of a webhook delivery.
    func problems(of delivery: WebhookDelivery) -> [String] {
        let body = Self.body(of: delivery)
        let event = body["event"]?.string ?? "no event"
        guard let described = document["webhooks"]?[event]?["post"] else { return ["\(event) is not described"] }
        let headers = (described["parameters"]?.array ?? []).map { ($0["name"]?.string ?? "", $0) }
        let schema = described["requestBody"]?["content"]?["application/json"]?["schema"] ?? .null
        let problems =
            headerProblems(.object(headers), delivery.header) + schemas.problems(of: body, in: schema)
        return problems.map { "\(event) \($0)" }
    }

    static func body(of delivery: WebhookDelivery) -> JSONValue { (try? JSONValue.parse(delivery.body)) ?? .null }

    private func headerProblems(_ described: JSONValue?, _ value: (String) -> String?) -> [String] {
        (described?.objectMembers ?? []).flatMap { name, described -> [String] in
            let header = schemas.resolved(described)
            guard let text = value(name) else {
                return header["required"] == true ? ["lacks the header \(name)"] : []
            }
            let schema = header["schema"] ?? .null
            let isNumber = schema["type"] == "integer"
            return schemas.problems(of: isNumber ? Int(text).map { .int($0) } ?? .null : .string(text), in: schema)
                .map { "header \(name) \($0)" }
        }
    }

    private func bodyProblems(_ content: JSONValue?, _ reply: TestServer.Reply) -> [String] {
        guard let content else { return reply.body.isEmpty ? [] : ["has a body that is not described"] }
        let type = String((reply.header("Content-Type") ?? "").prefix { $0 != ";" })
        guard let schema = content[type]?["schema"] else { return ["has the type \(type), which is not described"] }
        guard type == "application/json" else { return [] }
        return schemas.problems(of: reply.json, in: schema)
    }
}
