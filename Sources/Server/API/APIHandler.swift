// The entry into the API: client, rate limit, endpoint. Loop-bound: one per shard.
import Engine

/// Answers the API requests of a shard.
final class APIHandler {
    private let services: APIServices

    init(_ services: APIServices) { self.services = services }

    func call(for exchange: Exchange) -> Call {
        let head = exchange.head
        let client = ClientAddress.of(
            exchange.remote, forwarded: head.headers("X-Forwarded-For"), realIP: head.header("X-Real-IP"),
            trusted: services.config.trustedProxies)
        return Call(exchange, services, client: client)
    }

    func serve(_ route: APIRoute, _ call: Call) {
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
        }
    }

    /// - Parameter allow: the methods of the path.
    func refuseMethod(_ call: Call, allow: String) {
        let error = ServiceError(.methodNotAllowed, "This path answers \(allow) only")
        refuse(call, error, headers: [("Allow", allow)])
    }

    func refusePath(_ call: Call) { refuse(call, ServiceError(.notFound, "There is nothing at this path")) }

    /// Runs an endpoint of the poll class. Counting comes first.
    private func polled(_ call: Call, _ body: @escaping () async throws -> Void) {
        do throws(ServiceError) { try call.count(.poll) } catch { return call.fail(error) }
        call.run(body)
    }

    /// Requests to unknown paths below `/api/` count too (C3).
    private func refuse(_ call: Call, _ error: ServiceError, headers: [(String, String)] = []) {
        if call.exchange.head.path.hasPrefix("/api/") {
            do throws(ServiceError) { try call.count(.poll) } catch { return call.fail(error) }
        }
        call.fail(error, headers: headers)
    }
}

extension Call {
    /// The id of the job in the path, after the check of the signature over it (C1.5, C1.7).
    /// - Throws: 401, 403; 503; 404 if `raw` is not an id.
    func signedJob(_ raw: String) throws(ServiceError) -> Identifier { try signed(raw, unknown: Call.jobNotFound) }

    /// The same for an id of another kind.
    /// - Parameter unknown: the error to throw if `raw` is not an id.
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
