// The outside over HTTP/1.1: bounds, deadlines and cancellation around curl's transfers.
// Frees: everything that is still open in `close`, which must be called. Thread: the loop's.
import CShims

/// Bounds and identity of an ``HTTPClient``.
public struct HTTPClientConfiguration: Sendable {
    /// Exchanges at the same time, and connections kept for reuse.
    public var totalConnections = 256
    /// Exchanges at the same time with one host and port.
    public var connectionsPerHost = 64
    /// Exchanges that wait for a place; more are refused.
    public var waitersMax = 65_536
    public var userAgent = "generation-service/1.0"
    /// PEM file; nil: the system's authorities.
    public var certificateAuthorityFile: String?

    public init() {}
}

/// Sends requests to the outside. Loop-bound; `close()` it before its loop ends.
///
/// Connections are kept and reused. Those opened under an ``AddressPolicy`` and those opened without are never shared,
/// because the policy is applied when a connection is opened.
public final class HTTPClient {
    private let loop: Loop
    private let configuration: HTTPClientConfiguration
    private var pools: [AddressPolicy?: CurlMulti] = [:]
    private var admission: Admission<ObjectIdentifier>
    private var exchanges: [ObjectIdentifier: OutboundExchange] = [:]
    private var isClosed = false

    /// Loop thread.
    public init(on loop: Loop, configuration: HTTPClientConfiguration = .init()) {
        loop.assertOnLoop()
        self.loop = loop
        self.configuration = configuration
        admission = Admission(
            total: configuration.totalConnections, perHost: configuration.connectionsPerHost,
            waitersMax: configuration.waitersMax)
    }

    /// Exchanges that run or wait.
    public var exchangeCount: Int { exchanges.count }

    /// The whole answer in memory. Every status is an answer. Cancelling the task ends the exchange at once.
    public func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        let stream = try await start(request, bodyMax: max(0, request.maxResponseBytes))
        var body: [UInt8] = []
        while let bytes = try await stream.next() {
            if body.isEmpty { body = bytes } else { body.append(contentsOf: bytes) }
        }
        return OutboundResponse(status: stream.status, headers: stream.headers, body: body, address: stream.address)
    }

    /// Returns at the head of the final answer; the body is pulled from the stream.
    public func open(_ request: OutboundRequest) async throws(OutboundError) -> OutboundStream {
        try await start(request, bodyMax: nil)
    }

    /// Cancels what runs or waits and closes all connections.
    public func close() async {
        guard !isClosed else { return }
        isClosed = true
        let open = Array(exchanges.values)
        for exchange in open { end(exchange, .cancelled, "the client was closed") }
        for pool in pools.values { pool.close() }
        pools = [:]
        for exchange in open { await exchange.pumpEnded() }
    }

    // MARK: The way of an exchange

    private func start(_ request: OutboundRequest, bodyMax: Int?) async throws(OutboundError) -> OutboundStream {
        loop.assertOnLoop()
        if isClosed { throw OutboundError(.cancelled, "the client was closed", mayHaveArrived: false) }
        let exchange = try OutboundExchange(request, bodyMax: bodyMax, on: loop)
        enter(exchange)
        do {
            try await exchange.wait { exchange.transfer?.headIsFinal == true }
        } catch {
            end(exchange, .cancelled, "the request was cancelled")
        }
        // A head that came is told even if its body has failed meanwhile: the stream's reader will meet the failure.
        if let failure = exchange.failure, failure.kind == .cancelled || exchange.transfer?.headIsFinal != true {
            await exchange.pumpEnded()
            throw failure
        }
        return OutboundStream(exchange, of: self)
    }

    private func enter(_ exchange: OutboundExchange) {
        let id = ObjectIdentifier(exchange)
        let request = exchange.request
        exchanges[id] = exchange
        switch admission.arrived(id, host: exchange.hostKey) {
        case .go:
            arm(exchange, request.timeoutSeconds)
            run(exchange)
        case .wait: arm(exchange, request.queueSeconds ?? request.timeoutSeconds)
        case .refused:
            end(exchange, .connectFailed, "\(exchange.target.host): too many requests wait for a connection")
        }
    }

    private func arm(_ exchange: OutboundExchange, _ seconds: Double) {
        exchange.timer.start(after: seconds) { [unowned self] in
            switch exchange.phase {
            case .waiting: end(exchange, .timedOut, "\(exchange.target.host): no connection became free in time")
            case .running: end(exchange, .timedOut, "\(exchange.target.host): the exchange took too long")
            case .ended: break
            }
        }
    }

    /// The exchange has its place: gives it to curl.
    private func run(_ exchange: OutboundExchange) {
        exchange.isAdmitted = true
        let request = exchange.request
        let isRead = request.method == "GET" || request.method == "HEAD"
        let pool = pool(for: request.addresses)
        let transfer = CurlTransfer(
            policy: request.addresses, followsRedirects: isRead && request.maxRedirects > 0,
            upload: UploadFeed(request.body), bodyMax: exchange.bodyMax)
        guard let transfer else { return end(exchange, .interrupted, "no memory for a transfer") }
        transfer.configure(request, configuration)
        transfer.changed = { [unowned exchange] in exchange.changed() }
        transfer.ended = { [unowned self, unowned exchange] code in finished(exchange, code) }
        exchange.transfer = transfer
        exchange.phase = .running(transfer, on: pool)
        guard pool.add(transfer) else { return end(exchange, .interrupted, "no memory for a transfer") }
        exchange.startPump { [unowned self, unowned exchange] message in
            end(exchange, .sourceFailed, "\(exchange.target.host): \(message)")
        }
    }

    private func pool(for policy: AddressPolicy?) -> CurlMulti {
        if let pool = pools[policy] { return pool }
        let pool = CurlMulti(on: loop, keptConnections: configuration.totalConnections)
        pools[policy] = pool
        return pool
    }

    /// curl is done with the transfer.
    private func finished(_ exchange: OutboundExchange, _ code: CURLcode) {
        guard code != CURLE_OK, let transfer = exchange.transfer else { return settle(exchange, nil) }
        let host = exchange.target.host
        let mayHaveArrived = transfer.mayHaveArrived
        // For curl, bytes that are not HTTP are an unsupported protocol; so is a redirect to `ftp:`, but that is an
        // answer.
        let isGibberish = code == CURLE_UNSUPPORTED_PROTOCOL && mayHaveArrived && transfer.status == 0
        let result = isGibberish ? CURLE_WEIRD_SERVER_REPLY : code
        settle(exchange, .of(result, verdict: transfer.verdict, host: host, mayHaveArrived: mayHaveArrived))
    }

    /// Ends an exchange before its end. Nothing happens if it has ended already.
    func end(_ exchange: OutboundExchange, _ kind: OutboundError.Kind, _ message: String) {
        switch exchange.phase {
        case .waiting: settle(exchange, OutboundError(kind, message, mayHaveArrived: false))
        case .running(let transfer, let pool):
            let mayHaveArrived = transfer.mayHaveArrived  // before curl forgets
            pool.remove(transfer)
            settle(exchange, OutboundError(kind, message, mayHaveArrived: mayHaveArrived))
        case .ended: break
        }
    }

    private func settle(_ exchange: OutboundExchange, _ failure: OutboundError?) {
        let id = ObjectIdentifier(exchange)
        exchange.settle(failure)
        exchange.transfer?.free()
        exchanges[id] = nil
        guard exchange.isAdmitted else { return admission.withdrew(id, host: exchange.hostKey) }
        let admitted = admission.ended(host: exchange.hostKey)
        guard !isClosed else { return }
        for next in admitted.compactMap({ exchanges[$0] }) {
            if next.request.queueSeconds != nil { arm(next, next.request.timeoutSeconds) }
            run(next)
        }
    }

    /// The reader has taken what was there.
    func continueReceiving(_ exchange: OutboundExchange) {
        guard case .running(let transfer, _) = exchange.phase else { return }
        if transfer.continueReceiving() != CURLE_OK {
            end(exchange, .interrupted, "\(exchange.target.host): the answer broke off")
        }
    }
}
