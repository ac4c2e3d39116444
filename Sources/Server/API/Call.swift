// One request on its way through an endpoint. Makes its reply. Loop-bound.
import Engine
import Logging

/// A request with the services it needs. Exactly one of `reply`, `fail`, `begin` ends it.
final class Call {
    let exchange: Exchange
    let services: APIServices
    /// The client that limits apply to (C3.1).
    let client: IPAddress
    /// The class of the request; synchronous until its class is known (C3.1).
    var rate = RateClass.synchronous

    init(_ exchange: Exchange, _ services: APIServices, client: IPAddress) {
        self.exchange = exchange
        self.services = services
        self.client = client
    }

    /// Counts the request in `rate`.
    /// - Throws: 429 if the class is full; the request is not counted then.
    func count(_ rate: RateClass) throws(ServiceError) {
        do throws(ServiceError) { try obey(services.shared.limiter.admit(client, rate)) } catch {
            services.metrics.refused.add(rate)
            throw error
        }
        services.metrics.admitted.add(rate)
    }

    /// Refuses the request if all of `rates` are full; does not count it. `Retry-After` is the longest wait of them,
    /// because the request's class is not known yet.
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

    /// Sets the `RateLimit-*` headers of a reply to a request that is not counted.
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

    /// Sends a reply whose JSON text is already made.
    func send(_ status: Int, _ body: [UInt8], headers: [(String, String)] = []) {
        respond(Reply(status: status, headers: [("Content-Type", "application/json")] + headers, body: body))
    }

    func fail(_ error: ServiceError, headers: [(String, String)] = []) {
        note(error)
        var reply = ErrorReply.make(error, requestID: exchange.requestID)
        reply.headers += headers
        respond(reply)
    }

    /// Logs a refusal, so support can find it by the client's `X-Request-ID`. The levels keep a flood of bad requests
    /// out of the log: failures of the service and of OpenAI are warnings, refused signatures are info, all others are
    /// debug.
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

    /// Runs `body` as a task of the loop, which is cancelled if the client disconnects. An error becomes the reply.
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
            services.log.error("spool failed; check the disk of SPOOL_DIR", metadata: ["error": "\(error)"])
            fail(Ingest.overloaded)
        case is ExchangeClosed, is CancellationError:
            exchange.abort()
        default:
            services.log.error("request failed", metadata: ["error": "\(error)"])
            fail(.unexpected)
        }
    }

    /// Replies to a failed database call in the contract's words, and logs the database's own words.
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
