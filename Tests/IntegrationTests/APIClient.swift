// Calls the API as a client would. Loop-bound.
import Engine

struct APIReply {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
}

final class APIClient {
    private let http: HTTPClient
    private let baseURL: String
    private let keys: SignatureKeys

    init(on loop: Loop, baseURL: String, key: String) {
        http = HTTPClient(on: loop)
        self.baseURL = baseURL
        keys = SignatureKeys(shared: key)
    }

    /// - Parameter signing: the text whose signature goes into `X-Signature`; nil sends none.
    func send(
        _ method: String, _ path: String, signing text: String?, headers: [(String, String)] = [],
        json: JSONValue? = nil
    ) async throws -> APIReply {
        var request = OutboundRequest(method: method, url: baseURL + path)
        request.headers = [("Content-Type", "application/json")] + headers
        if let text { request.headers.append(("X-Signature", keys.sign(text))) }
        if let json { request.body = .bytes(json.bytes) }
        request.maxResponseBytes = 256 * 1024 * 1024
        let response = try await http.send(request)
        return APIReply(status: response.status, headers: response.headers, body: response.body)
    }

    /// Signs the body as sent (C1.3).
    func generate(
        _ lots: [JSONValue], languages: [String] = ["en"], headers: [(String, String)] = []
    ) async throws -> APIReply {
        let body: JSONValue = ["languages": JSONValue(languages), "lots": .array(lots)]
        return try await send(
            "POST", "/api/v1/generate-descriptions", signing: body.text, headers: headers, json: body)
    }

    func status(_ job: String) async throws -> JSONValue {
        try await send("GET", "/api/v1/batch-status/\(job)", signing: job).json
    }

    func results(_ job: String) async throws -> APIReply {
        try await send("GET", "/api/v1/batch-results/\(job)", signing: job)
    }

    func cancel(_ job: String) async throws -> APIReply {
        try await send("POST", "/api/v1/batch-jobs/\(job)/cancel", signing: job)
    }

    func deliveries(_ job: String) async throws -> APIReply {
        try await send("GET", "/api/v1/batch-jobs/\(job)/webhook-deliveries", signing: job)
    }

    func redeliver(_ delivery: String) async throws -> APIReply {
        try await send("POST", "/api/v1/webhook-deliveries/\(delivery)/redeliver", signing: delivery)
    }

    func close() async { await http.close() }
}
