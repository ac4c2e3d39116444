// The way into the API: route, rate, endpoint. Loop-bound: one a shard.
import Engine
import Logging

/// Answers every request of a shard's listener.
final class APIHandler: RequestHandler {
    private let services: Services

    init(_ services: Services) { self.services = services }

    func handle(_ exchange: Exchange) {
        let head = exchange.head
        let client = ClientAddress.of(
            exchange.remote, forwarded: head.headers("X-Forwarded-For"), realIP: head.header("X-Real-IP"),
            trusted: services.config.trustedProxies)
        let call = Call(exchange, services, client: client)
        if let job = BatchStatus.job(of: head) {
            exchange.mark(services.metrics.requests.begin(pattern: BatchStatus.pattern, head))
            return BatchStatus.answer(call, job)
        }
        let (routing, pattern) = Router.find(method: head.method, path: head.path)
        exchange.mark(services.metrics.requests.begin(pattern: pattern, head))
        switch routing {
        case .found(let route): serve(route, call)
        case .wrongMethod(let allow):
            let error = ServiceError(.methodNotAllowed, "This path answers \(allow) only")
            refuse(call, error, headers: [("Allow", allow)])
        case .unknown: refuse(call, ServiceError(.notFound, "There is nothing at this path"))
        }
    }

    func served(_ request: ServedRequest) { services.metrics.requests.ended(request) }

    func connections(_ count: Int) { services.metrics.requests.connections(count) }

    private func serve(_ route: Route, _ call: Call) {
        switch route {
        case .generateDescriptions: GenerateDescriptions.handle(call)
        case .batchStatus(let job): BatchStatus.answer(call, Array(job.utf8)[...])
        case .batchResults(let job): polled(call) { try await BatchResults.answer(call, job) }
        case .download(let job): polled(call) { try await Download.answer(call, job) }
        case .batchJobs: polled(call) { try await BatchJobs.answer(call) }
        case .cancel(let job): polled(call) { try await CancelJob.answer(call, job) }
        case .webhookDeliveries(let job): polled(call) { try await WebhookDeliveries.answer(call, job) }
        case .redeliver(let delivery): polled(call) { try await Redeliver.answer(call, delivery) }
        case .health: call.run { await Health.answer(call) }
        case .live: call.reply(200, ["status": "alive"])
        case .ready: Ready.answer(call)
        case .document: ReferencePage.document.answer(call)
        case .page: ReferencePage.page.answer(call)
        case .style: SiteAssets.style.answer(call)
        case .web(let route): WebHandler.serve(route, call)
        }
    }

    /// Endpoints of the poll class: counted before anything else is looked at.
    private func polled(_ call: Call, _ body: @escaping () async throws -> Void) {
        do throws(ServiceError) { try call.count(.poll) } catch { return call.fail(error) }
        call.run(body)
    }

    /// Paths below `/api/` that lead nowhere count too (C3).
    private func refuse(_ call: Call, _ error: ServiceError, headers: [(String, String)] = []) {
        if call.exchange.head.path.hasPrefix("/api/") {
            do throws(ServiceError) { try call.count(.poll) } catch { return call.fail(error) }
        }
        call.fail(error, headers: headers)
    }
}

extension Call {
    /// The job that the path names, once the signature over it holds (C1.5, C1.7).
    /// - Throws: 401, 403; 503; 404 if it is no job's id.
    func signedJob(_ raw: String) throws(ServiceError) -> Identifier { try signed(raw, unknown: Call.jobNotFound) }

    /// The same for an id of another kind: `unknown` is thrown if it cannot be one.
    func signed(_ raw: String, unknown: ServiceError) throws(ServiceError) -> Identifier {
        try signed(Array(raw.utf8)[...], unknown: unknown)
    }

    func signed(_ raw: ArraySlice<UInt8>, unknown: ServiceError) throws(ServiceError) -> Identifier {
        try services.keys.check(exchange.head.headerBytes("X-Signature"), over: raw.span)
        guard let id = Identifier(utf8: raw) else { throw unknown }
        try services.requireDatabase()
        return id
    }

    static let jobNotFound = ServiceError(.jobNotFound, "There is no job with this id")
}
