// `/metrics` on its own listener (C9). Loop-bound: on the first shard.
import Engine
import Logging

/// Answers scrapes. If the address is taken, the server tries again every `retrySeconds` while the service runs: an
/// instance that this one replaces may hold the address for a while.
final class MetricsServer {
    static let retrySeconds = 1.0

    private let loop: Loop
    private let address: BindAddress
    private let report: MetricsReport
    private let log: Logger
    private let retry: LoopTimer
    private var listener: HTTPListener?

    init(on loop: Loop, address: BindAddress, report: MetricsReport, log: Logger) {
        self.loop = loop
        self.address = address
        self.report = report
        self.log = log
        retry = LoopTimer(on: loop)
    }

    /// The port; 0 while the address is taken.
    var port: Int { listener?.port ?? 0 }

    func start() {
        do throws(ListenError) { try listen() } catch {
            log.error("metrics address is taken; trying again until it is free", metadata: ["error": "\(error)"])
            tryAgain()
        }
    }

    func close() async {
        retry.close()
        report.close()
        await listener?.close()
    }

    private func listen() throws(ListenError) {
        var bounds = HTTPServerConfiguration()
        bounds.maxConnections = 64
        let listener = try HTTPListener(
            on: loop, address: address, configuration: bounds, shared: false, handler: MetricsHandler(report))
        self.listener = listener
        log.info("serving metrics", metadata: ["address": "\(address.host):\(listener.port)"])
    }

    private func tryAgain() {
        retry.start(after: MetricsServer.retrySeconds) { [unowned self] in
            do throws(ListenError) { try listen() } catch { tryAgain() }
        }
    }
}

/// Answers GET and HEAD of `/metrics`, and nothing else.
private final class MetricsHandler: RequestHandler {
    private let report: MetricsReport

    init(_ report: MetricsReport) { self.report = report }

    func handle(_ exchange: Exchange) {
        let head = exchange.head
        guard head.path == "/metrics" else {
            return fail(exchange, ServiceError(.notFound, "This address serves only /metrics"))
        }
        guard head.isMethod("GET") || head.isMethod("HEAD") else {
            return fail(exchange, ServiceError(.methodNotAllowed, "This path accepts only GET and HEAD"))
        }
        let task = exchange.loop.spawn { [report] in
            let bytes = await report.make()
            exchange.whenClosed = nil
            exchange.respond(Reply(status: 200, headers: [("Content-Type", MetricsText.contentType)], body: bytes))
        }
        if exchange.isOpen { exchange.whenClosed = { task.cancel() } }
    }

    private func fail(_ exchange: Exchange, _ error: ServiceError) {
        var reply = ErrorReply.make(error, requestID: exchange.requestID)
        if error.code == .methodNotAllowed { reply.headers.append(("Allow", "GET, HEAD")) }
        exchange.respond(reply)
    }
}
