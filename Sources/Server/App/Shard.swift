// One event loop with everything that stands on it: listener, database connections, outgoing connections, endpoints,
// background. Loop-bound.
import Engine
import Logging

final class Shard {
    let loop: Loop
    private let shared: SharedInstance
    private let http: HTTPClient
    private let providerHTTP: HTTPClient
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
    private let openAI: OpenAIClient
    private let number: Int
    private var look: Task<Void, Never>?
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
        providerHTTP = HTTPClient(on: loop, configuration: config.openAIOutbound)
        openAI = OpenAIClient(
            http: providerHTTP, configuration: config.openAI, clock: clock, logger: log, metrics: metrics.provider)
        self.number = number
        let images = ImageFetcher(http: http, policy: config.addressPolicy)
        // A synchronous reply has few images and a waiting client, so each image is tried, also on silent hosts.
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

    /// Database connections of one shard: exclusive ones for jobs and COPY, shared ones for pipelined queries.
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

    /// Records the figures of `all` shards period by period, for the web interface.
    func recordTrends(of all: [ShardMetrics]) { trends = TrendRecorder(on: loop, shards: all, into: shared.web.trends) }

    /// Serves the figures of `all` shards if the settings name an address.
    /// - Returns: the port; 0 if metrics are off or the address is taken.
    func serveMetrics(of all: [ShardMetrics]) -> Int {
        guard let address = config.metricsBind else { return 0 }
        let report = MetricsReport(
            on: loop, shards: all, limiter: shared.api.limiter, database: database, models: config.openAI.meteredModels)
        let server = MetricsServer(on: loop, address: address, report: report, log: log)
        metricsServer = server
        server.start()
        return server.port
    }

    /// Sends the first heartbeat, before the process takes requests: only the heartbeat shows that a claim's holder
    /// died.
    func announce() async throws { try await heartbeat?.runOnce() }

    func startBackground() {
        guard !shared.api.isDraining, !backgroundRuns else { return }
        backgroundRuns = true
        heartbeat?.start()
        for service in background { service.start() }
        if number == 0, config.usesBatches { look = loop.spawn { [self] in await lookForBatches() } }
    }

    /// Tells the operator at once, and not by the first job, that the provider has no batches.
    private func lookForBatches() async {
        for endpoint in BatchEndpoint.allCases {
            if case .missing(let status) = await openAI.look(for: endpoint) {
                log.error("\(endpoint.advice(status: status))")
            }
        }
    }

    /// Refuses new connections and serves requests on open ones for `farewellSeconds` more. A client that has just
    /// connected, directly or through nginx, has its request on the way; this request must not be lost.
    func sayFarewell() async {
        listener?.stopAccepting()
        guard let listener, listener.connectionCount > 0 else { return }
        try? await loop.sleep(seconds: Shard.farewellSeconds)
    }

    /// Time that a request needs to arrive over an open connection, seconds.
    private static let farewellSeconds = 0.2

    /// Takes no more requests, hands background work over, and lets requests end for at most `graceSeconds`.
    func quiesce(graceSeconds: Double) async {
        listener?.stopAccepting()
        let ending = backgroundRuns ? background.map { service in LoopTask(on: loop) { await service.stop() } } : []
        await drain(graceSeconds)
        await listener?.close()
        for task in ending { try? await task.value() }
    }

    /// Closes everything. Every shard must be quiet.
    func close() async {
        if backgroundRuns { await heartbeat?.stop() }
        look?.cancel()
        await look?.value
        await metricsServer?.close()
        lag.close()
        services.health.close()
        web.close()
        trends?.close()
        await http.close()
        await providerHTTP.close()
        await database.close()
    }

    private func drain(_ seconds: Double) async {
        guard let listener else { return }
        let draining = loop.spawn { await listener.drain() }
        await loop.wait(for: [draining], atMost: seconds)
        draining.cancel()
    }
}
