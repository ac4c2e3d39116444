// The outside over HTTP/1.1: bounds, deadlines and cancellation around curl's transfers.
// Frees: everything that is still open in `close`, which must be called. Thread: the loop's.
import CShims
import DequeModule

/// Bounds and identity of an ``HTTPClient``.
public struct HTTPClientConfiguration: Sendable {
    /// Exchanges at the same time, and connections kept for reuse.
    public var totalConnections = 256
    /// Exchanges at the same time with one host and port.
    public var connectionsPerHost = 64
    /// Exchanges that wait for a place; more are refused.
    public var waitersMax = 65_536
    /// Names looked up at the same time, each on a thread of its own.
    public var lookupsMax = 16
    /// How a name is looked up: calls back on the loop in a later turn with numeric addresses, or none; false if it
    /// cannot be tried, and then it does not call back.
    public typealias LookUp = @Sendable (String, Loop, @escaping @Sendable ([String]) -> Void) -> Bool
    public var lookUp: LookUp = { LookupThread.start($0, on: $1, $2) }
    /// How long a name's addresses are used before it is looked up again, seconds.
    public var addressSeconds = 60.0
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
    private let names: HostNames
    private var silent = SilentHosts()
    private var exchanges: [ObjectIdentifier: OutboundExchange] = [:]
    /// Those that have a place and have not begun.
    private var entering = Deque<ObjectIdentifier>()
    private var isEntering = false
    private var isClosed = false

    /// Loop thread.
    public init(on loop: Loop, configuration: HTTPClientConfiguration = .init()) {
        loop.assertOnLoop()
        self.loop = loop
        self.configuration = configuration
        admission = Admission(
            total: configuration.totalConnections, perHost: configuration.connectionsPerHost,
            waitersMax: configuration.waitersMax)
        names = HostNames(
            on: loop, threadsMax: configuration.lookupsMax, answerSeconds: configuration.addressSeconds,
            lookUp: configuration.lookUp)
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
        names.close()
        for exchange in open { await exchange.pumpEnded() }
    }

    // MARK: The way of an exchange

    private func start(_ request: OutboundRequest, bodyMax: Int?) async throws(OutboundError) -> OutboundStream {
        loop.assertOnLoop()
        if isClosed { throw OutboundError(.cancelled, "the client was closed", mayHaveArrived: false) }
        if Task.isCancelled { throw OutboundError(.cancelled, "the request was cancelled", mayHaveArrived: false) }
        let exchange = try OutboundExchange(request, bodyMax: bodyMax, on: loop)
        exchanges[ObjectIdentifier(exchange)] = exchange
        begin(exchange)
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

    /// The way to a host: its addresses, a place among the connections, the transfer.
    private func begin(_ exchange: OutboundExchange) {
        let request = exchange.request
        if request.avoidsSilentHosts, silent.isSilent(exchange.hostKey, now: Monotonic.seconds()) {
            return endSilent(exchange)
        }
        guard HostNames.needsLook(exchange.host) else { return askForPlace(exchange) }
        let id = ObjectIdentifier(exchange)
        let answer = names.look(exchange.host, insisting: !request.avoidsSilentHosts, for: id) {
            [unowned self] addresses in
            if let exchange = exchanges[id] { resolved(exchange, addresses) }
        }
        switch answer {
        case .known(let addresses): resolved(exchange, addresses)
        case .failed: resolved(exchange, [])
        case .asked: armWaiting(exchange)
        }
    }

    private func resolved(_ exchange: OutboundExchange, _ addresses: [String]) {
        if addresses.isEmpty { return end(exchange, .resolveFailed, "\(exchange.target.host): no address was found") }
        exchange.addresses = addresses
        askForPlace(exchange)
    }

    private func askForPlace(_ exchange: OutboundExchange) {
        switch admission.arrived(ObjectIdentifier(exchange), host: exchange.hostKey) {
        case .go: run(exchange)
        case .wait: armWaiting(exchange)
        case .refused:
            end(exchange, .connectFailed, "\(exchange.target.host): too many requests wait for a connection")
        }
    }

    /// For an address or a place; the time runs on from one to the other.
    private func armWaiting(_ exchange: OutboundExchange) {
        guard !exchange.timer.isActive else { return }
        arm(exchange, exchange.request.queueSeconds ?? exchange.request.timeoutSeconds)
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

    /// The time of the whole exchange, if it does not run already.
    private func armRunning(_ exchange: OutboundExchange) {
        guard exchange.request.queueSeconds != nil || !exchange.timer.isActive else { return }
        exchange.begins(at: Monotonic.seconds())
        arm(exchange, exchange.secondsLeft)
    }

    private func endSilent(_ exchange: OutboundExchange) {
        end(exchange, .connectFailed, "\(exchange.target.host): it has not answered lately")
    }

    /// The exchange has its place: gives it to curl.
    private func run(_ exchange: OutboundExchange) {
        exchange.isAdmitted = true
        let request = exchange.request
        if request.avoidsSilentHosts, !silent.mayTry(exchange.hostKey, now: Monotonic.seconds()) {
            return endSilent(exchange)
        }
        armRunning(exchange)
        let pool = pool(for: request.addresses)
        let transfer = CurlTransfer(
            policy: request.addresses, followsRedirects: request.followsRedirects,
            upload: UploadFeed(request.body), bodyMax: exchange.bodyMax)
        guard let transfer else { return end(exchange, .interrupted, "no memory for a transfer") }
        transfer.configure(exchange, configuration)
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
        if let transfer = exchange.transfer, transfer.isRedirect { return follow(exchange, transfer) }
        guard code != CURLE_OK, let transfer = exchange.transfer else { return settle(exchange, nil) }
        let host = exchange.target.host
        let mayHaveArrived = transfer.mayHaveArrived
        // For curl, bytes that are not HTTP are an unsupported protocol.
        let isGibberish = code == CURLE_UNSUPPORTED_PROTOCOL && mayHaveArrived && transfer.status == 0
        let result = isGibberish ? CURLE_WEIRD_SERVER_REPLY : code
        settle(
            exchange,
            .of(result, verdict: transfer.verdict, host: host, mayHaveArrived: mayHaveArrived || exchange.hops > 0))
    }

    /// Each hop is a way of its own: judged, looked up and bounded like the first one. curl's own following would look
    /// names up by itself, and hold a place of another host.
    private func follow(_ exchange: OutboundExchange, _ transfer: CurlTransfer) {
        let location = transfer.location ?? ""
        leave(exchange, nil)
        exchange.hopEnded(at: Monotonic.seconds())
        do throws(OutboundError) { try exchange.follow(location) } catch { return settle(exchange, error) }
        begin(exchange)
    }

    /// Ends an exchange before its end. Nothing happens if it has ended already.
    func end(_ exchange: OutboundExchange, _ kind: OutboundError.Kind, _ message: String) {
        let hasHopped = exchange.hops > 0
        switch exchange.phase {
        case .waiting: settle(exchange, OutboundError(kind, message, mayHaveArrived: hasHopped))
        case .running(let transfer, let pool):
            let mayHaveArrived = transfer.mayHaveArrived || hasHopped  // before curl forgets
            pool.remove(transfer)
            settle(exchange, OutboundError(kind, message, mayHaveArrived: mayHaveArrived))
        case .ended: break
        }
    }

    private func settle(_ exchange: OutboundExchange, _ failure: OutboundError?) {
        let id = ObjectIdentifier(exchange)
        exchange.settle(failure)
        exchanges[id] = nil
        leave(exchange, failure)
    }

    /// Gives back what the exchange holds of the present hop, its place first of all.
    private func leave(_ exchange: OutboundExchange, _ failure: OutboundError?) {
        let id = ObjectIdentifier(exchange)
        note(exchange, failure)
        exchange.transfer?.free()
        guard exchange.isAdmitted else {
            names.withdraw(id, from: exchange.host)
            return admission.withdrew(id, host: exchange.hostKey)
        }
        exchange.isAdmitted = false
        let admitted = admission.ended(host: exchange.hostKey)
        guard !isClosed else { return }
        for next in admitted { exchanges[next]?.isAdmitted = true }
        entering.append(contentsOf: admitted)
        runEntering()
    }

    /// One after the other, not one within the other: each that fails at once lets the next one in.
    private func runEntering() {
        guard !isEntering else { return }
        isEntering = true
        defer { isEntering = false }
        while let id = entering.popFirst() {
            if let exchange = exchanges[id], !exchange.hasEnded { run(exchange) }
        }
    }

    /// What the end of a transfer says about its host.
    private func note(_ exchange: OutboundExchange, _ failure: OutboundError?) {
        guard let transfer = exchange.transfer else { return }
        if transfer.status != 0 {
            silent.answered(exchange.hostKey)
        } else if exchange.request.avoidsSilentHosts, let failure,
            failure.kind == .connectFailed || failure.kind == .timedOut
        {
            silent.failed(exchange.hostKey, now: Monotonic.seconds())
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
