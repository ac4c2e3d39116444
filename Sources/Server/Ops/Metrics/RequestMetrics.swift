// Requests of one shard: number, kind, outcome and duration. Written on the shard's loop, read on any thread. A request
// is two numbers; counting it needs no text and no dictionary.
import Engine

final class RequestMetrics: Sendable {
    /// Methods with their own label; `other` stands for all others.
    static let methods = ["GET", "HEAD", "POST", "other"]
    /// Statuses with their own label. `others` has two more: any other status, and no reply or one broken off.
    static let statuses = [
        200, 201, 202, 204, 206, 302, 303, 304, 400, 401, 403, 404, 405, 408, 409, 413, 415, 416, 422, 429, 431, 500,
        502,
        503, 504,
    ]
    private static let others = ["other", "aborted"]
    static let statusLabels = statuses.map(String.init) + others

    /// Index of the label for each status from 0 to 599.
    private static let places: [UInt8] = {
        var places = [UInt8](repeating: UInt8(statuses.count), count: 600)
        for (place, status) in statuses.enumerated() { places[status] = UInt8(place) }
        return places
    }()

    private enum Gauge: Int, MetricLabel { case open, connections }

    /// One row per tag: first a row for anything that is no request, then each route with each method.
    let durations: Histograms
    private let requests: Tallies
    private let gauges = Counts<Gauge>()
    private let places = RequestMetrics.places
    private let width = RequestMetrics.statusLabels.count

    /// The labels of each tag.
    let labels: [MetricsText.Labels]

    /// - Parameter patterns: paths with their own label; the last element stands for all others.
    init(patterns: [String]) {
        labels =
            [[("route", "none"), ("method", "other")]]
            + patterns.flatMap { pattern in RequestMetrics.methods.map { [("route", pattern), ("method", $0)] } }
        durations = Histograms(rows: labels.count, .requests)
        requests = Tallies(labels.count * width)
    }

    // MARK: The shard's loop

    /// Counts a request that begins.
    /// - Parameter pattern: index of its path among the patterns.
    /// - Returns: its tag.
    func begin(pattern: Int, _ head: RequestHead) -> Int {
        gauges.add(.open)
        let method = head.isMethod("GET") ? 0 : head.isMethod("POST") ? 2 : head.isMethod("HEAD") ? 1 : 3
        return 1 + pattern * RequestMetrics.methods.count + method
    }

    func ended(_ request: ServedRequest) {
        let place = request.status.map { places.indices.contains($0) ? Int(places[$0]) : width - 2 } ?? width - 1
        requests.add(at: request.tag * width + place)
        guard let nanoseconds = request.nanoseconds else { return }
        gauges.add(.open, -1)
        durations.observe(nanoseconds: nanoseconds, row: request.tag)
    }

    func connections(_ count: Int) { gauges.set(.connections, to: count) }

    // MARK: Any thread

    /// Requests that have not ended.
    var open: Int { gauges[.open] }
    var openConnections: Int { gauges[.connections] }

    func count(tag: Int, status place: Int) -> Int { requests[tag * width + place] }

    /// Ended requests, and the failed ones of them: status 500 or more, or no whole reply.
    var totals: (all: Int, failed: Int) {
        var (all, failed) = (0, 0)
        for tag in labels.indices {
            for place in 0..<width {
                let count = count(tag: tag, status: place)
                all += count
                if RequestMetrics.isFailure[place] { failed += count }
            }
        }
        return (all, failed)
    }

    /// Whether a request failed, by index of its status label.
    private static let isFailure = statuses.map { $0 >= 500 } + [false, true]
}
