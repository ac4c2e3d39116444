// The requests around a measurement: create a job, poll it, wait for it, cancel it. Thread: its loop; loop-bound.
import Engine

final class ControlClient {
    private static let timeoutSeconds = 60.0

    private let target: Target
    private let address: SocketAddress
    private let loop: Loop
    private let http: HTTPClient

    init(_ target: Target, _ address: SocketAddress, on loop: Loop) {
        self.target = target
        self.address = address
        self.loop = loop
        http = HTTPClient(on: loop)
    }

    func close() async { await http.close() }

    /// Sends a body once.
    func send(_ body: BatchBody, timeoutSeconds: Double = 300) async throws -> WireReply {
        try await WireCall.run(
            body.head(for: target), upload: body.file, to: address, timeoutSeconds: timeoutSeconds, on: loop)
    }

    /// Sends a batch; returns the job's id.
    func submit(_ body: BatchBody, timeoutSeconds: Double = 300) async throws -> String {
        try ControlClient.job(of: try await send(body, timeoutSeconds: timeoutSeconds))
    }

    static func job(of reply: WireReply) throws -> String {
        guard reply.status == 201, let job = reply.json["job_id"]?.string else {
            throw DriverError(status: reply.status, body: reply.body, to: "a batch")
        }
        return job
    }

    func status(_ job: String) async throws -> JobStatusReply {
        let response = try await call("GET", "/api/v1/batch-status/\(job)", signing: job)
        guard response.status == 200, let json = try? JSONValue.parse(response.body) else {
            throw DriverError(status: response.status, body: response.body, to: "a job's status")
        }
        return JobStatusReply(json)
    }

    /// Cancels; a job that has ended meanwhile is no error.
    func cancel(_ job: String) async throws {
        let response = try await call("POST", "/api/v1/batch-jobs/\(job)/cancel", signing: job)
        guard [200, 202, 400, 409].contains(response.status) else {
            throw DriverError(status: response.status, body: response.body, to: "cancelling a job")
        }
    }

    /// Polls the job every `pauseSeconds` until `isReached`, or until it has ended.
    /// - Parameter seen: gets each status.
    func wait(
        _ job: String, atMost seconds: Double, pauseSeconds: Double = 0.1, seen: (JobStatusReply) -> Void = { _ in },
        until isReached: (JobStatusReply) -> Bool
    ) async throws -> JobStatusReply {
        let deadline = Monotonic.seconds() + seconds
        while true {
            let status = try await status(job)
            seen(status)
            if isReached(status) || status.isEnded { return status }
            try check(
                Monotonic.seconds() < deadline,
                "the job was still \(status.status) (\(status.stage)) after \(NumberText.short(seconds)) s")
            try await loop.sleep(seconds: pauseSeconds)
        }
    }

    private func call(_ method: String, _ path: String, signing text: String) async throws -> OutboundResponse {
        var request = OutboundRequest(method: method, url: target.baseURL + path)
        request.headers = [("X-Signature", target.keys.sign(text))]
        request.timeoutSeconds = ControlClient.timeoutSeconds
        do { return try await http.send(request) } catch {
            throw DriverError("cannot reach \(target.baseURL): \(error.message)")
        }
    }
}

/// The parts of a status reply that drivers use.
struct JobStatusReply: Sendable, Equatable {
    var status: String
    var stage: String
    var total: Int
    var processed: Int
    var failed: Int
    var error: String

    init(_ json: JSONValue) {
        let progress = json["progress"]
        status = json["status"]?.string ?? ""
        stage = json["processing_details"]?["current_stage"]?.string ?? ""
        total = progress?["total_lots"]?.int ?? 0
        processed = progress?["processed_lots"]?.int ?? 0
        failed = progress?["failed_lots"]?.int ?? 0
        error = json["error_message"]?.string ?? ""
    }

    var isEnded: Bool { ["completed", "failed", "cancelled"].contains(status) }
}
