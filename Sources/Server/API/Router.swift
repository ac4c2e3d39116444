// Finds the endpoint of a request by its method and path. Pure; App has the routes.

/// The result of a look-up.
public enum Routing<Route: Equatable & Sendable>: Equatable, Sendable {
    case found(Route)
    /// The path exists with other methods, which are listed for the `Allow` header.
    case wrongMethod(allow: String)
    case unknown
}

/// A table of routes. Immutable.
public struct Router<Route: Equatable & Sendable>: Sendable {
    public struct Entry: Sendable {
        let method: String
        let path: String
        /// Segments. `:job` and `:delivery` match any segment that is not empty.
        fileprivate let pattern: [String]
        let make: @Sendable (_ id: String) -> Route

        init(_ method: String, _ path: String, _ make: @escaping @Sendable (_ id: String) -> Route) {
            self.method = method
            self.path = path
            pattern = RoutePath.segments(path).map(String.init)
            self.make = make
        }

        /// The same endpoint in a table of another route type.
        func map<Other: Equatable & Sendable>(_ wrap: @escaping @Sendable (Route) -> Other) -> Router<Other>.Entry {
            Router<Other>.Entry(method, path) { [make] in wrap(make($0)) }
        }
    }

    /// The distinct paths, with `:job` or `:delivery` for an id; the last element stands for all other paths. Metrics
    /// use them as labels.
    public let patterns: [String]
    private let table: [Entry]
    /// The index of each entry's path in `patterns`.
    private let places: [Int]

    init(_ table: [Entry]) {
        let distinct = table.map(\.path).reduce(into: [String]()) { found, path in
            if !found.contains(path) { found.append(path) }
        }
        self.table = table
        patterns = distinct + ["other"]
        places = table.map { entry in distinct.firstIndex(of: entry.path) ?? distinct.count }
    }

    /// - Parameter path: as sent, without the query; an id is taken from it unchanged (C1.5).
    public func route(method: String, path: String) -> Routing<Route> { find(method: method, path: path).routing }

    /// The same, with the index of the path in ``patterns``.
    func find(method: String, path: String) -> (routing: Routing<Route>, pattern: Int) {
        let segments = RoutePath.segments(path)
        var allow: [String] = []
        var pattern = patterns.count - 1
        for (index, entry) in table.enumerated() {
            guard let id = RoutePath.match(segments, entry.pattern) else { continue }
            pattern = places[index]
            if entry.method == method || (entry.method == "GET" && method == "HEAD") {
                return (.found(entry.make(id)), pattern)
            }
            allow.append(entry.method == "GET" ? "GET, HEAD" : entry.method)
        }
        return (allow.isEmpty ? .unknown : .wrongMethod(allow: allow.joined(separator: ", ")), pattern)
    }
}

private enum RoutePath {
    /// `/` gives one empty segment.
    static func segments(_ path: String) -> ArraySlice<Substring> {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    }

    /// The id in the path; empty if the pattern has none; nil if the path does not match.
    static func match(_ segments: ArraySlice<Substring>, _ pattern: [String]) -> String? {
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
