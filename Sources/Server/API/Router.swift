// Which endpoint a request is for. One table. Pure.

/// An endpoint with what its path says.
public enum Route: Equatable, Sendable {
    case generateDescriptions
    case batchStatus(job: String)
    case batchResults(job: String)
    case download(job: String)
    case batchJobs
    case cancel(job: String)
    case webhookDeliveries(job: String)
    case redeliver(delivery: String)
    case health
    case live
    case ready
    case document
    case page
    case style
    /// The web interface's.
    case web(WebRoute)
}

/// What the router found.
public enum Routing: Equatable, Sendable {
    case found(Route)
    /// The path exists, for these methods (`Allow`).
    case wrongMethod(allow: String)
    case unknown
}

public enum Router {
    private struct Entry: Sendable {
        let method: String
        let path: String
        /// Segments; `:job` and its like stand for any one.
        let pattern: [String]
        let make: @Sendable (_ id: String) -> Route

        init(_ method: String, _ path: String, _ make: @escaping @Sendable (_ id: String) -> Route) {
            self.method = method
            self.path = path
            pattern = Router.segments(path).map(String.init)
            self.make = make
        }
    }

    private static let documented = [
        Entry("POST", "/api/v1/generate-descriptions") { _ in .generateDescriptions },
        Entry("GET", "/api/v1/batch-status/:job") { .batchStatus(job: $0) },
        Entry("GET", "/api/v1/batch-results/:job") { .batchResults(job: $0) },
        Entry("GET", "/api/v1/batch-results/:job/download") { .download(job: $0) },
        Entry("GET", "/api/v1/batch-jobs") { _ in .batchJobs },
        Entry("POST", "/api/v1/batch-jobs/:job/cancel") { .cancel(job: $0) },
        Entry("GET", "/api/v1/batch-jobs/:job/webhook-deliveries") { .webhookDeliveries(job: $0) },
        Entry("POST", "/api/v1/webhook-deliveries/:delivery/redeliver") { .redeliver(delivery: $0) },
        Entry("GET", "/health") { _ in .health },
        Entry("GET", "/health/live") { _ in .live },
        Entry("GET", "/health/ready") { _ in .ready },
        Entry("GET", "/openapi.json") { _ in .document },
        Entry("GET", "/") { _ in .page },
        Entry("GET", "/style.css") { _ in .style },
    ]

    /// The API's, then the web interface's.
    private static let table =
        documented + WebRoute.table.map { each in Entry(each.method, each.path) { .web(each.make($0)) } }

    /// Every endpoint, with `:name` for an id: what the API's document has to tell of.
    public static var endpoints: [(method: String, path: String)] {
        documented.map { ($0.method, $0.path) }
    }

    /// The paths that there are, each once, with `:job` and its like where an id stands; the last place is for all
    /// others. What metrics tell requests apart by.
    public static let patterns: [String] = distinct + ["other"]

    private static let distinct = table.map(\.path).reduce(into: [String]()) { found, path in
        if !found.contains(path) { found.append(path) }
    }
    /// The place of each entry's path.
    private static let places = table.map { entry in distinct.firstIndex(of: entry.path) ?? distinct.count }

    /// - Parameter path: as sent, without the query; an id is taken from it untouched (C1.5).
    public static func route(method: String, path: String) -> Routing { find(method: method, path: path).routing }

    /// The same with the path's place in ``patterns``.
    static func find(method: String, path: String) -> (routing: Routing, pattern: Int) {
        let segments = segments(path)
        var allow: [String] = []
        var pattern = distinct.count
        for (index, entry) in table.enumerated() {
            guard let id = match(segments, entry.pattern) else { continue }
            pattern = places[index]
            if entry.method == method || (entry.method == "GET" && method == "HEAD") {
                return (.found(entry.make(id)), pattern)
            }
            allow.append(entry.method == "GET" ? "GET, HEAD" : entry.method)
        }
        return (allow.isEmpty ? .unknown : .wrongMethod(allow: allow.joined(separator: ", ")), pattern)
    }

    /// `/` has one, which is empty.
    private static func segments(_ path: String) -> ArraySlice<Substring> {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    }

    /// The id, empty where the pattern has none; nil if the path is another.
    private static func match(_ segments: ArraySlice<Substring>, _ pattern: [String]) -> String? {
        guard segments.count == pattern.count else { return nil }
        var id = ""
        for (segment, expected) in zip(segments, pattern) {
            if expected.hasPrefix(":") {
                guard !segment.isEmpty else { return nil }
                id = String(segment)
            } else if segment != expected {
                return nil
            }
        }
        return id
    }
}
