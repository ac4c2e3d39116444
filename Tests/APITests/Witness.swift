// Sends requests to a service under test and checks each reply against the API document. Thread: any.
import Engine
import TestSupport
import Testing

@testable import Server

struct Witness: Sendable {
    /// The `X-Signature` of a request.
    enum Signature { case right, wrong, none }

    let server: TestServer
    /// Operations with their replies' statuses, such as `getHealth 200`.
    let seen: Lock<Set<String>>

    /// A valid request to an operation, except for the arguments' changes.
    /// - Parameter id: of the job or the delivery in the path.
    @discardableResult
    func ask(
        _ operation: String, _ id: String = PollTests.id, method: String? = nil, query: String = "",
        headers: [(String, String)] = [], signature: Signature = .right, body: String = AcceptTests.twoLots
    ) async throws -> TestServer.Reply {
        let described = try #require(APIDocument.operations.first { $0.id == operation })
        let path = described.path.replacing(/\{.*\}/, with: id)
        let isGenerate = described.body != nil
        let subject = isGenerate ? body : path == described.path ? path + query : id
        let reply = try await server.send(
            method ?? described.method.uppercased(), path + query,
            signed: signature == .none ? nil : signature == .right ? subject : "something else",
            headers: headers + (isGenerate ? [("Content-Type", "application/json")] : []),
            body: isGenerate ? body : nil)
        seen.withLock { _ = $0.insert("\(operation) \(reply.status)") }
        #expect(APIContract().problems(of: reply, to: operation) == [])
        return reply
    }

    /// Creates a batch job with one lot per image.
    func batch(_ images: [String], webhook: String) async throws -> String {
        let lots: [JSONValue] = images.enumerated().map { number, url in
            ["lot_id": .string("lot-\(number)"), "images": [["url": .string(url)]], "webhook": .string(webhook)]
        }
        let body = JSONValue.object([("lots", .array(lots)), ("languages", ["en", "ru"])])
        return try #require(try await ask("generateDescriptions", body: body.text).json["job_id"]?.string)
    }

    /// Requests everything about a job repeatedly until it has ended and its webhook was delivered.
    func follow(_ job: String) async throws {
        try await onLoop { loop in
            while true {
                for id in ["getBatchStatus", "getBatchResults", "downloadBatchResults"] { try await ask(id, job) }
                try await ask("getBatchResults", job, query: "?limit=1")
                try await ask("listBatchJobs", query: "?limit=2")
                let deliveries = try await ask("listWebhookDeliveries", job).json["deliveries"]?.array
                if deliveries?.first?["status"] == "delivered" { return }
                try await loop.sleep(seconds: 0.3)
            }
        }
    }
}
