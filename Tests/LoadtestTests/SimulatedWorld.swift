// A simulator with a client, for the tests of this folder. Thread: the test's loop.
import Engine
import LoadtestKit
import TestSupport
import Testing

/// A reply as tests need it.
struct Got {
    let status: Int
    let body: [UInt8]
    let headers: [(name: String, value: String)]

    var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
    var errorCode: String? { json["error"]?["code"]?.string }
    var text: String { String(decoding: body, as: UTF8.self) }
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}

/// Sends requests to one simulator over a real socket. Loop-bound.
final class SimClient {
    let http: HTTPClient
    let origin: String
    var headers: [(String, String)] = [("Authorization", "Bearer sk-test")]

    init(on loop: Loop, port: Int) {
        http = HTTPClient(on: loop)
        origin = "http://127.0.0.1:\(port)"
    }

    func call(
        _ method: String, _ path: String, _ json: JSONValue? = nil, extra: [(String, String)] = []
    ) async throws -> Got {
        let type = json == nil ? [] : [("Content-Type", "application/json")]
        let body = json.map { OutboundBody.bytes($0.bytes) } ?? .none
        return try await send(method, path, headers: headers + type + extra, body: body)
    }

    func send(_ method: String, _ path: String, headers: [(String, String)], body: OutboundBody) async throws -> Got {
        var request = OutboundRequest(method: method, url: origin + path, headers: headers, body: body)
        request.maxResponseBytes = 1 << 26
        request.timeoutSeconds = 30
        // curl must not repeat a request by itself if the test loses its reply.
        request.neverRepeat = true
        let response = try await http.send(request)
        return Got(status: response.status, body: response.body, headers: response.headers)
    }

    // MARK: OpenAI

    func upload(_ content: String, name: String = "shard.jsonl", purpose: String = "batch") async throws -> Got {
        let text = [
            "--XyZ", "Content-Disposition: form-data; name=\"purpose\"", "", purpose, "--XyZ",
            "Content-Disposition: form-data; name=\"file\"; filename=\"\(name)\"",
            "Content-Type: application/octet-stream", "", content, "--XyZ--", "",
        ].joined(separator: "\r\n")
        return try await send(
            "POST", "/v1/files", headers: headers + [("Content-Type", "multipart/form-data; boundary=XyZ")],
            body: .bytes(Array(text.utf8)))
    }

    /// Uploads and creates; returns the batch's id.
    func batch(_ lines: [JSONValue], metadata: JSONValue = .null) async throws -> String {
        let content = lines.map(\.text).joined(separator: "\n") + "\n"
        let file = try #require(try await upload(content).json["id"]?.string)
        let got = try await create(file, metadata: metadata)
        return try #require(got.json["id"]?.string, "\(got.text)")
    }

    func create(_ file: String, metadata: JSONValue = .null) async throws -> Got {
        try await call(
            "POST", "/v1/batches",
            [
                "input_file_id": .string(file), "endpoint": "/v1/responses", "completion_window": "24h",
                "metadata": metadata,
            ])
    }

    func batch(_ id: String) async throws -> JSONValue { try await call("GET", "/v1/batches/\(id)").json }

    /// The lines of a file of the batch (`output_file_id`, `error_file_id`); none if there is no such file.
    func lines(_ batch: JSONValue, _ member: String) async throws -> [JSONValue] {
        guard let id = batch[member]?.string, !id.isEmpty else { return [] }
        let got = try await call("GET", "/v1/files/\(id)/content")
        return try got.text.split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
    }
}

/// Runs `body` with an OpenAI simulator whose clock the test moves.
func withOpenAI(
    _ change: @escaping @Sendable (inout OpenAIOptions) -> Void = { _ in },
    _ body: @escaping @Sendable (OpenAISimulator, SimClient) async throws -> Void
) async throws {
    try await onLoop { loop in
        var options = OpenAIOptions()
        options.clock = .byHand()
        options.batchSeconds = 100
        change(&options)
        let simulator = try OpenAISimulator.start(on: loop, options: options)
        let client = SimClient(on: loop, port: simulator.port)
        let result: (any Error)?
        do {
            try await body(simulator, client)
            result = nil
        } catch {
            result = error
        }
        await client.http.close()
        await simulator.close()
        if let result { throw result }
    }
}

/// Requests as a careful client sends them.
enum Sample {
    /// An empty object.
    static let nothing = JSONValue.object([])

    static func schema(_ names: [String] = ["damages"]) -> JSONValue {
        [
            "type": "object", "properties": .object(names.map { ($0, ["type": "string"]) }),
            "required": JSONValue(names), "additionalProperties": false,
        ]
    }

    static func format(_ schema: JSONValue) -> JSONValue {
        ["format": ["type": "json_schema", "name": "answer", "strict": true, "schema": schema]]
    }

    static func vision(_ urls: [String], model: String = "o4-mini") -> JSONValue {
        let pictures = urls.map { url -> JSONValue in
            ["type": "input_image", "image_url": .string(url), "detail": "auto"]
        }
        let text: JSONValue = ["type": "input_text", "text": "Describe the damage."]
        return [
            "model": .string(model), "store": false, "text": format(schema()),
            "input": [["role": "user", "content": .array([text] + pictures)]],
        ]
    }

    static func translation(_ english: String, _ languages: [String], model: String = "gpt-4.1-mini") -> JSONValue {
        [
            "model": .string(model), "store": false, "temperature": .double(0.1), "text": format(schema(languages)),
            "input": [["role": "user", "content": .string("Translate:\n" + english)]],
        ]
    }

    static func line(_ id: String, _ body: JSONValue) -> JSONValue {
        ["custom_id": .string(id), "method": "POST", "url": "/v1/responses", "body": body]
    }

    static func lines(_ count: Int) -> [JSONValue] {
        (0..<count).map { line("lot-\($0)", vision(["https://pictures.example/\($0).jpg"])) }
    }

    /// The simulator's answer to line `number` of `lines`.
    static func answer(_ number: Int) -> String {
        SimulatedAnswer.text(imageURLs: ["https://pictures.example/\(number).jpg"])
    }

    /// `body` with a member set, or removed with nil.
    static func with(_ body: JSONValue, _ name: String, _ value: JSONValue?) -> JSONValue {
        let rest = (body.objectMembers).filter { $0.0 != name }
        return .object(value.map { rest + [(name, $0)] } ?? rest)
    }
}

extension JSONValue {
    /// The joined text of an answer's message items.
    var outputText: String {
        let messages = (self["output"]?.array ?? []).filter { $0["type"]?.string == "message" }
        return messages.flatMap { $0["content"]?.array ?? [] }.compactMap { $0["text"]?.string }.joined()
    }

    /// The answer's text as JSON.
    var outputJSON: JSONValue { (try? JSONValue.parse(Array(outputText.utf8))) ?? .null }
}
