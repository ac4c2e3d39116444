// One request on its way through an endpoint: its reply is made here. Loop-bound.
import Engine
import Logging

/// A request with the services it needs. Exactly one of `reply`, `fail`, `begin` ends it.
final class Call {
    let exchange: Exchange
    let services: APIServices
    /// Whose request it is (C3.1).
    let client: IPAddress
    /// What it counts as: a synchronous request as long as nothing else is known (C3.1).
    var rate = RateClass.synchronous

    init(_ exchange: Exchange, _ services: APIServices, client: IPAddress) {
        self.exchange = exchange
        self.services = services
        self.client = client
    }

    /// Counts the request in `rate`.
    /// - Throws: 429 if the class is full; then it was not counted.
    func count(_ rate: RateClass) throws(ServiceError) {
        do throws(ServiceError) { try obey(services.shared.limiter.admit(client, rate)) } catch {
            services.metrics.refused.add(rate)
            throw error
        }
        services.metrics.admitted.add(rate)
    }

    /// Refuses if every one of `rates` is full, counting nothing yet. Then `Retry-After` is the longest, which holds
    /// whichever of them the request would have been in.
    func look(_ rates: RateClass...) throws(ServiceError) {
        let verdicts = rates.map { services.shared.limiter.look(client, $0) }
        let refusals = verdicts.compactMap { verdict in
            if case .refused(let standing) = verdict { standing } else { nil }
        }
        guard refusals.count == rates.count else { return }
        guard let latest = refusals.max(by: { $0.resetSeconds < $1.resetSeconds }) else { return }
        services.metrics.refused.add(rate)
        try obey(.refused(latest))
    }

    /// For a reply that counts nothing: its `RateLimit-*` headers.
    func showStanding() {
        switch services.shared.limiter.look(client, rate) {
        case .off: exchange.replyHeaders = []
        case .admitted(let standing), .refused(let standing): exchange.replyHeaders = Call.headers(standing)
        }
    }

    private func obey(_ verdict: RateVerdict) throws(ServiceError) {
        switch verdict {
        case .off: exchange.replyHeaders = []
        case .admitted(let standing): exchange.replyHeaders = Call.headers(standing)
        case .refused(let standing):
            exchange.replyHeaders = Call.headers(standing)
            let seconds = max(1, standing.resetSeconds)
            throw ServiceError(
                .rateLimitExceeded, "Rate limit of \(standing.limit) requests per minute exceeded", retryAfter: seconds)
        }
    }

    private static func headers(_ standing: RateStanding) -> [(String, String)] {
        [
            ("RateLimit-Limit", String(standing.limit)),
            ("RateLimit-Remaining", String(standing.remaining)),
            ("RateLimit-Reset", String(standing.resetSeconds)),
        ]
    }

    // MARK: Replies

    func reply(_ status: Int, _ value: JSONValue) {
        respond(.json(status, value))
    }

    /// A reply whose JSON text is there already.
    func send(_ status: Int, _ body: [UInt8], headers: [(String, String)] = []) {
        respond(Reply(status: status, headers: [("Content-Type", "application/json")] + headers, body: body))
    }

    func fail(_ error: ServiceError, headers: [(String, String)] = []) {
        note(error)
        var reply = ErrorReply.make(error, requestID: exchange.requestID)
        reply.headers += headers
        respond(reply)
    }

    /// So that a client's complaint with its `X-Request-ID` leads to what happened. Who floods us does not flood the
    /// log: failures of ours and of OpenAI are told, refused signatures too, anything else to those who debug.
    private func note(_ error: ServiceError) {
        let status = error.code.status
        let level: Logger.Level =
            switch status {
            case 500, 502, 504: .warning
            case 401, 403: .info
            default: .debug
            }
        guard level >= services.log.logLevel else { return }
        services.log.log(
            level: level, "request refused",
            metadata: [
                "request_id": "\(exchange.requestID)", "client": "\(client)", "status": "\(status)",
                "code": "\(error.code.rawValue)",
            ])
    }

    private func respond(_ reply: Reply) {
        exchange.respond(reply)
    }

    /// Begins a streamed 200 reply.
    func begin(type: String = "application/json", headers: [(String, String)]) {
        exchange.beginReply(status: 200, headers: [("Content-Type", type)] + headers, length: nil)
    }

    // MARK: Work

    /// Runs `body` as a task of the loop; it is cancelled when the client goes away. What it throws becomes the reply.
    func run(_ body: @escaping () async throws -> Void) {
        let task = LogContext.with(["request_id": "\(exchange.requestID)"]) {
            services.loop.spawn { [self] in
                do { try await body() } catch { settle(error) }
                exchange.whenClosed = nil
            }
        }
        if exchange.isOpen { exchange.whenClosed = { task.cancel() } }
    }

    private func settle(_ error: any Error) {
        switch error {
        case let error as ServiceError: fail(error)
        case let error as DatabaseError: fail(error)
        case is SystemError:
            services.log.error("spool failed", metadata: ["error": "\(error)"])
            fail(Ingest.overloaded)
        case is ExchangeClosed, is CancellationError:
            exchange.abort()
        default:
            services.log.error("request failed", metadata: ["error": "\(error)"])
            fail(.unexpected)
        }
    }

    /// A failed call of the database: told in the contract's words, logged in its own.
    func fail(_ error: DatabaseError) {
        log(error)
        fail(ServiceError(error))
    }

    func log(_ error: DatabaseError) {
        guard error.kind != .cancelled else { return }
        services.log.error(
            "database call failed", metadata: ["request_id": "\(exchange.requestID)", "error": "\(error)"])
    }
}
