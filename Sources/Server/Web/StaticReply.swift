// A reply that does not change while the service runs: made once, sent with a tag so that browsers fetch it only once.
// Immutable. Thread: any.
import Engine

struct StaticReply: Sendable {
    let body: [UInt8]
    let etag: String
    private let headers: [(String, String)]

    /// Time for which browsers and proxies may keep it without a new request, seconds.
    static let keptSeconds = 300

    init(_ type: String, _ body: [UInt8], headers: [(String, String)] = []) {
        self.body = body
        var hash = ContentHash()
        hash.update(body)
        etag = "\"\(hash.finish().hex.prefix(32))\""
        self.headers =
            [
                ("Content-Type", type), ("ETag", etag),
                ("Cache-Control", "public, max-age=\(StaticReply.keptSeconds)"), ("X-Content-Type-Options", "nosniff"),
            ] + headers
    }

    func answer(_ call: Call) {
        let isKnown = call.exchange.head.headers("If-None-Match").contains(where: names)
        // A 304 repeats the headers about caching; the others belong to the content.
        let kept = headers.filter { $0.0 == "ETag" || $0.0 == "Cache-Control" }
        call.exchange.respond(
            isKnown ? Reply(status: 304, headers: kept, body: []) : Reply(status: 200, headers: headers, body: body))
    }

    /// Matches RFC 9110 13.1.2: `*`, or a list of tags, in which a weak tag counts as well.
    private func names(_ field: String) -> Bool {
        field.split(separator: ",").contains { part in
            let tag = part.filter { $0 != " " && $0 != "\t" }
            return tag == "*" || tag == etag || tag == "W/" + etag
        }
    }
}
