// A client with retries: sends requests to any instance that is up, with the same key, until they are answered. Thread:
// the lab's loop; loop-bound.
import Engine

final class LabClient {
    static let key = "fault-laboratory-shared-key-0123456789"
    private static let timeoutSeconds = 60.0
    private static let pauseSeconds = 0.1

    private let http: HTTPClient
    private let loop: Loop
    let keys = SignatureKeys(shared: LabClient.key)

    init(on loop: Loop) {
        var configuration = HTTPClientConfiguration()
        configuration.totalConnections = 2000
        configuration.connectionsPerHost = 1000
        http = HTTPClient(on: loop, configuration: configuration)
        self.loop = loop
    }

    func close() async { await http.close() }

    /// Sends one request once. nil: no answer.
    func send(
        _ method: String, _ url: String, signing text: String? = nil, headers: [(String, String)] = [],
        body: [UInt8]? = nil, seconds: Double = LabClient.timeoutSeconds
    ) async throws -> OutboundResponse? {
        var request = OutboundRequest(method: method, url: url)
        request.headers = headers
        if let text { request.headers.append(("X-Signature", keys.sign(text))) }
        if let body {
            request.headers.append(("Content-Type", "application/json"))
            request.body = .bytes(body)
        }
        request.timeoutSeconds = seconds
        request.maxResponseBytes = 256 * 1024 * 1024
        request.neverRepeat = true
        do { return try await http.send(request) } catch {
            if Task.isCancelled { throw CancellationError() }
            return nil
        }
    }

    func isReady(_ instance: Instance) async throws -> Bool {
        try await send("GET", instance.baseURL + "/health/ready", seconds: 5)?.status == 200
    }

    /// A job's status from the first of `urls` that answers; nil if all fail.
    func status(_ job: String, from urls: [String]) async throws -> JSONValue? {
        for url in urls {
            let reply = try await send("GET", "\(url)/api/v1/batch-status/\(job)", signing: job, seconds: 10)
            if let reply, reply.status == 200 { return try? JSONValue.parse(reply.body) }
        }
        return nil
    }

    /// One request for a batch.
    func post(_ job: LabJob, to url: String) async throws -> OutboundResponse? {
        try await send(
            "POST", url + "/api/v1/generate-descriptions", signing: job.text,
            headers: [("Idempotency-Key", job.key)], body: Array(job.text.utf8))
    }

    /// Sends a batch until it is accepted; returns its id.
    /// - Parameter urls: read again for each attempt.
    func submit(_ job: LabJob, to urls: () -> [String], patience seconds: Double) async throws -> String {
        let deadline = Monotonic.seconds() + seconds
        while Monotonic.seconds() < deadline {
            for url in urls() {
                guard let reply = try await post(job, to: url) else { continue }
                switch reply.status {
                case 201:
                    guard let id = (try? JSONValue.parse(reply.body))?["job_id"]?.string else {
                        throw DriverError("a 201 without a job_id")
                    }
                    return id
                case 409, 500...599: break
                default: throw DriverError(status: reply.status, body: reply.body, to: "a batch")
                }
            }
            try await loop.sleep(seconds: LabClient.pauseSeconds)
        }
        throw DriverError("a batch was not accepted within \(Int(seconds)) s")
    }
}
