// Entry of all requests: counts each one and passes it to the API or to the web interface. Loop-bound: one per shard.
import Engine

final class SiteHandler: RequestHandler {
    private let api: APIHandler
    private let web: WebHandler
    private let metrics: RequestMetrics
    private let router = SiteRoute.router
    /// Index of the status poll's path among the router's patterns.
    private let statusPattern: Int

    init(api: APIHandler, web: WebHandler, metrics: RequestMetrics) {
        self.api = api
        self.web = web
        self.metrics = metrics
        statusPattern = SiteRoute.router.find(method: "GET", path: BatchStatus.pattern).pattern
    }

    func handle(_ exchange: Exchange) {
        let head = exchange.head
        let call = api.call(for: exchange)
        // Most requests are status polls, so their path makes no text.
        if let job = BatchStatus.job(of: head) {
            exchange.mark(metrics.begin(pattern: statusPattern, head))
            return BatchStatus.answer(call, job)
        }
        let (routing, pattern) = router.find(method: head.method, path: head.path)
        exchange.mark(metrics.begin(pattern: pattern, head))
        switch routing {
        case .found(.api(let route)): api.serve(route, call)
        case .found(.web(let route)): web.serve(route, call)
        case .wrongMethod(let allow): api.refuseMethod(call, allow: allow)
        case .unknown: api.refusePath(call)
        }
    }

    func served(_ request: ServedRequest) { metrics.ended(request) }

    func connections(_ count: Int) { metrics.connections(count) }
}
