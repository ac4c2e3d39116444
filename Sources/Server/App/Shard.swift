// One event loop with all that lives on it: listener, database connections, outgoing connections, endpoints,
// background. Loop-bound.
import Engine
import Logging

final class Shard {
    let loop: Loop
    private let shared: SharedInstance
    private let http: HTTPClient
    private let services: APIServices
    private let web: WebServices
    private let background: [any BackgroundService]
    private let heartbeat: Heartbeat?
    private let config: Config
    private let lag: LoopLag
    private let log: Logger
    private var listener: HTTPListener?
    private var metricsServer: MetricsServer?
    private var trends: TrendRecorder?
    private var backgroundRuns = false
    let metrics: ShardMetrics
    let database: Database

    /// Loop thread.
    init(
        _ number: Int, on loop: Loop, config: Config, work: WorkConfiguration, shared: SharedInstance, clock: WallClock,
        eagerBytesPerSecond: Double, log: Logger
    ) {
        self.loop = loop
        self.shared = shared
        self.config = config
        self.log = log
        lag = LoopLag(on: loop)
        let metrics = ShardMetrics(loop.metrics, patterns: SiteRoute.router.patterns)
        self.metrics = metrics
        database = Database(on: loop, configuration: Shard.database(config), metrics: metrics.database)
        http = HTTPClient(on: loop, configuration: config.outbound)
        let openAI = OpenAIClient(
            http: http, configuration: config.openAI, clock: clock, logger: log, metrics: metrics.provider)
        let images = ImageFetcher(http: http, policy: config.addressPolicy)
        // Somebody waits for a synchronous reply and has few images: each of them is tried.
        var insisting = ImageFetcherConfiguration()
        insisting.avoidsSilentHosts = false
        services = APIServices(
            loop: loop, config: config, shared: shared.api, database: database, log: log, clock: clock,
            incarnation: work.incarnation, instance: work.instance, eagerBytesPerSecond: eagerBytesPerSecond,
            synchronous: SynchronousMode(
                on: loop,
                images: ImageFetcher(http: http, policy: config.addressPolicy, configuration: insisting),
                openAI: openAI, inlineImages: (config.imageMode ?? .inline) == .inline),
            health: HealthReport(
                on: loop, database: database, openAI: openAI, instance: work.instance, clock: clock,
                processor: shared.processor),
            metrics: metrics)
        web = WebServices(on: loop, config: config, database: database, shared: shared.web)
        let parts = ShardParts(
            loop: loop, number: number, config: config, work: work, database: database, http: http, openAI: openAI,
            images: images, keys: services.keys, webhooks: metrics.webhooks)
        background = BackgroundServices.make(for: parts)
        heartbeat = BackgroundServices.heartbeat(for: parts)
        database.start()
    }

    /// Connections of one shard: sessions for jobs and COPY, and the shared ones for pipelined queries.
    private static func database(_ config: Config) -> DatabaseConfiguration {
        DatabaseConfiguration(url: config.databaseURL.value)
    }

    /// - Returns: the port.
    func listen(_ address: BindAddress) throws(ListenError) -> Int {
        var bounds = config.http
        bounds.connectionsPerClient = min(bounds.connectionsPerClient, Limits.connectionsPerClient)
        bounds.trustedProxies = config.trustedProxies
        let handler = SiteHandler(api: APIHandler(services), web: WebHandler(web), metrics: metrics.requests)
        let listener = try HTTPListener(on: loop, address: address, configuration: bounds, handler: handler)
        self.listener = listener
        return listener.port
    }

    /// Notes the figures of `all` shards now and then, for the web interface.
    func recordTrends(of all: [ShardMetrics]) { trends = TrendRecorder(on: loop, shards: all, into: shared.web.trends) }

    /// Serves the figures of `all` shards, if that is wanted.
    /// - Returns: the port; 0 if it is not, or the address is taken.
    func serveMetrics(of all: [ShardMetrics]) -> Int {
        guard let address = config.metricsBind else { return 0 }
        let report = MetricsReport(
            on: loop, shards: all, limiter: shared.api.limiter, database: database, models: config.openAI.meteredModels)
        let server = MetricsServer(on: loop, address: address, report: report, log: log)
        metricsServer = server
        server.start()
        return server.port
    }

    /// The first heartbeat, before the process takes requests: only the heartbeat shows that a claim's holder died.
    func announce() async throws { try await heartbeat?.runOnce() }

    func startBackground() {
        guard !shared.api.isDraining, !backgroundRuns else { return }
        backgroundRuns = true
        heartbeat?.start()
        for service in background { service.start() }
    }

    /// Refuses new connections; on those there are requests are served for a moment more. A client, or nginx for it,
    /// that has just connected has its request on the way: it is not to be lost.
    func sayFarewell() async {
        listener?.stopAccepting()
        guard let listener, listener.connectionCount > 0 else { return }
        try? await loop.sleep(seconds: Shard.farewellSeconds)
    }

    /// What a request needs to come over a connection that is there.
    private static let farewellSeconds = 0.2

    /// Takes no more requests, hands background work over, lets requests end for `graceSeconds` at most.
    func quiesce(graceSeconds: Double) async {
        listener?.stopAccepting()
        let ending = backgroundRuns ? background.map { service in LoopTask(on: loop) { await service.stop() } } : []
        await drain(graceSeconds)
        await listener?.close()
        for task in ending { try? await task.value() }
    }

    /// Closes everything; every shard is quiet by now.
    func close() async {
        if backgroundRuns { await heartbeat?.stop() }
        await metricsServer?.close()
        lag.close()
        services.health.close()
        web.close()
        trends?.close()
        await http.close()
        await database.close()
    }

    private func drain(_ seconds: Double) async {
        guard let listener else { return }
        let draining = loop.spawn { await listener.drain() }
        await loop.wait(for: [draining], atMost: seconds)
        draining.cancel()
    }
}
