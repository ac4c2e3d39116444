// One scrape: reads all figures, then writes them. Loop-bound: one per process, on its first shard.
import Engine

final class MetricsReport {
    private let loop: Loop
    private let shards: [ShardMetrics]
    private let limiter: RateLimiter
    private let queue: QueueProbe
    private let models: [String]
    private let connectionsMax: (shared: Int, exclusive: Int)

    /// - Parameters:
    ///   - shards: the metrics of all loops, in their order.
    ///   - database: the database of any one shard.
    init(
        on loop: Loop, shards: [ShardMetrics], limiter: RateLimiter, database: Database, models: [String]
    ) {
        self.loop = loop
        self.shards = shards
        self.limiter = limiter
        self.models = models
        queue = QueueProbe(database, on: loop)
        let bounds = database.configuration
        connectionsMax = (bounds.sharedConnections * shards.count, bounds.connections * shards.count)
    }

    func close() { queue.close() }

    /// Returns the whole text. Its size is bounded because all labels come from this program.
    func make() async -> [UInt8] {
        let process = await ProcessFigures.look(on: loop)
        let queue = await queue.look()
        var page = MetricsPage(shards: shards)
        page.writeRequests()
        page.writeLimiter(clients: limiter.held.clients)
        page.writeIntake()
        page.writeQueue(queue)
        page.writeProvider(models: models)
        page.writeWebhooks()
        page.writeDatabase(max: connectionsMax)
        page.writeLoops(now: Monotonic.nanoseconds())
        page.writeLog()
        page.writeProcess(process)
        page.writeBuild()
        return page.text.bytes
    }
}

/// The families of a scrape, filled from the shards' figures. Each scrape names every family, also one without samples.
/// `docs/METRICS.md` lists them all.
struct MetricsPage {
    var text = MetricsText()
    let shards: [ShardMetrics]

    init(shards: [ShardMetrics]) { self.shards = shards }

    func sum(_ value: (ShardMetrics) -> Int) -> Int { shards.reduce(0) { $0 + value($1) } }

    func merged(_ histograms: (ShardMetrics) -> Histograms, row: Int = 0) -> HistogramSnapshot? {
        let all = shards.map { histograms($0).snapshot(row: row) }
        return all.dropFirst().reduce(all.first) { sum, next in sum.map { $0 + next } }
    }

    mutating func counter(_ name: String, _ help: String, _ value: Int) {
        text.family(name, .counter, help)
        text.sample(value)
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        text.family(name, .gauge, help)
        text.sample(value)
    }

    /// Writes a counter with one sample per case of its label.
    mutating func counter<Label: MetricLabel>(
        _ name: String, _ help: String, by label: String, _ counts: (ShardMetrics) -> Counts<Label>
    ) {
        text.family(name, .counter, help)
        for each in Label.allCases { text.sample([(label, each.label)], sum { counts($0)[each] }) }
    }
}
