// Requests to every endpoint with random damage, and the rules for their replies. Thread: any; a value.
import Engine
import FuzzTargets

struct MutatedRequests {
    private let seeds: [[UInt8]]
    private var random: SeededRandom

    /// - Parameters:
    ///   - job: an existing job, so that requests with a valid signature reach further code.
    ///   - seed: the same seed gives the same requests.
    init(_ target: Target, job: String, seed: Int) {
        random = SeededRandom(seed: UInt64(truncatingIfNeeded: seed))
        let json = ("Content-Type", "application/json")
        let lots = #"[{"lot_id":"a","images":[{"url":"http://pictures.invalid/1.jpg"}]},{"lot_id":"a"}]"#
        let batch = Array(#"{"languages":["en"],"lots":\#(lots)}"#.utf8)
        let chunked =
            Array("5\r\n".utf8) + batch.prefix(5) + Array("\r\n\(String(batch.count - 5, radix: 16))\r\n".utf8)
            + batch.dropFirst(5) + Array("\r\n0\r\n\r\n".utf8)
        let post = ("POST", "/api/v1/generate-descriptions")
        let text = String(decoding: batch, as: UTF8.self)
        seeds = [
            target.statusRequest(job), target.head("GET", "/health/live", signing: nil),
            target.head("GET", "/api/v1/batch-results/\(job)?cursor=0&limit=10", signing: job),
            target.head("GET", "/api/v1/batch-jobs/\(job)/webhook-deliveries", signing: job),
            target.head("GET", "/api/v1/batch-jobs?limit=5", signing: "/api/v1/batch-jobs?limit=5"),
            target.head("GET", "/openapi.json", signing: nil, headers: [("Accept-Encoding", "gzip")]),
            target.head("GET", "/", signing: nil), target.head("DELETE", "/nowhere", signing: "x"),
            target.head("POST", "/api/v1/batch-jobs/\(job)x/cancel", signing: job, length: 0),
            target.head(post.0, post.1, signing: text, headers: [json], length: batch.count) + batch,
            target.head(post.0, post.1, signing: text, headers: [json, ("Transfer-Encoding", "chunked")]) + chunked,
            target.head(
                post.0, post.1, signing: text, headers: [json, ("Content-Encoding", "gzip")], length: batch.count)
                + batch,
        ]
    }

    mutating func next() -> [UInt8] {
        var bytes = pick()
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            bytes = Mutation.random(of: bytes, with: pick(), using: &random)
        }
        return bytes
    }

    private mutating func pick() -> [UInt8] { seeds[Int.random(in: 0..<seeds.count, using: &random)] }

    /// The statuses of the replies in `bytes`; throws the first flaw.
    static func statuses(of bytes: [UInt8]) throws(DriverError) -> [Int] {
        var rest = bytes[...]
        var found: [Int] = []
        while !rest.isEmpty {
            switch StrictReply.read(&rest) {
            case .failure(let flaw): throw DriverError("a malformed reply: \(flaw.text)")
            case .success(let reply):
                found.append(reply.status)
                if let flaw = flaw(of: reply) { throw DriverError(flaw) }
            }
        }
        return found
    }

    /// C4.1: every error has the one form. No client input makes the service fail.
    private static func flaw(of reply: StrictReply) -> String? {
        let json = (try? JSONValue.parse(reply.body)) ?? .null
        // Damage may lead to /health, which answers 503 with its findings if a part is unhealthy (C9).
        if reply.status == 503, json["status"] != nil, json["code"] == nil { return nil }
        if reply.status >= 500 { return "a reply with \(reply.status)" }
        guard reply.status >= 400 else { return nil }
        let isWhole = ["error", "message", "code", "request_id"].allSatisfy { json[$0]?.string?.isEmpty == false }
        return isWhole ? nil : "a \(reply.status) without error, message, code and request_id"
    }
}
