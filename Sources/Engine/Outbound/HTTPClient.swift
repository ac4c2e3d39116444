// HTTP/1.1 requests to external hosts: limits, deadlines and cancellation around curl's transfers.
// Frees: `close` frees everything that is still open and must be called. Thread: the loop's.
import CShims
import DequeModule

/// Limits and identity of an ``HTTPClient``.
public struct HTTPClientConfiguration: Sendable {
    /// Most concurrent exchanges, and most connections kept for reuse.
    public var totalConnections = 256
    /// Most concurrent exchanges per host and port.
    public var connectionsPerHost = 64
    /// Most exchanges that wait for a place; further ones are refused.
    public var waitersMax = 65_536
    /// Most concurrent name lookups, each on a thread of its own.
    public var lookupsMax = 16
    /// Looks up a name: calls back on the loop in a later turn, with numeric addresses or none. Returns false,
    /// without a callback, if the lookup cannot start.
    public typealias LookUp = @Sendable (String, Loop, @escaping @Sendable ([String]) -> Void) -> Bool
    public var lookUp: LookUp = { LookupThread.start($0, on: $1, $2) }
    /// Time for which a name's addresses are reused, seconds.
    public var addressSeconds = 60.0
    public var userAgent = UserAgent.outbound
    /// PEM file with certificate authorities; nil means the system's.
    public var certificateAuthorityFile: String?
    /// nil means none: the process's environment is ignored.
    public var proxies: OutboundProxies?

    public init() {}
}

/// Sends requests to external hosts. Loop-bound; call `close()` before its loop ends.
///
/// Connections are kept and reused. Requests with different ``AddressPolicy`` values never share a connection,
/// because the policy is applied when the connection is opened.
public final class HTTPClient {
    private let loop: Loop
    private let configuration: HTTPClientConfiguration
    private var pools: [AddressPolicy?: CurlMulti] = [:]
    private var admission: Admission<ObjectIdentifier>
    private let names: HostNames
    private var silent = SilentHosts()
    private var exchanges: [ObjectIdentifier: OutboundExchange] = [:]
    /// Exchanges that have a place and have not started.
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

    /// Number of exchanges that run or wait.
    public var exchangeCount: Int { exchanges.count }

    /// Returns the whole answer in memory, whatever its status. Cancelling the task ends the exchange at once.
    public func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        let stream = try await start(request, bodyMax: max(0, request.maxResponseBytes))
        var body: [UInt8] = []
        while let bytes = try await stream.next() {
            if body.isEmpty { body = bytes } else { body.append(contentsOf: bytes) }
        }
        return OutboundResponse(status: stream.status, headers: stream.headers, body: body, address: stream.address)
    }

    /// Returns after the final answer's head; the caller pulls the body from the stream.
    public func open(_ request: OutboundRequest) async throws(OutboundError) -> OutboundStream {
        try await start(request, bodyMax: nil)
    }

    /// Cancels all exchanges and closes all connections.
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
        let exchange = try OutboundExchange(request, bodyMax: bodyMax, proxies: configuration.proxies, on: loop)
        exchanges[ObjectIdentifier(exchange)] = exchange
        begin(exchange)
        do {
            try await exchange.wait { exchange.transfer?.headIsFinal == true }
        } catch {
            end(exchange, .cancelled, "the request was cancelled")
        }
        // A complete head is returned even if the body has failed since; the stream's reader then gets the error.
        if let failure = exchange.failure, failure.kind == .cancelled || exchange.transfer?.headIsFinal != true {
            await exchange.pumpEnded()
            throw failure
        }
        return OutboundStream(exchange, of: self)
    }

    /// Prepares an exchange: addresses, a place among the connections, the transfer.
    private func begin(_ exchange: OutboundExchange) {
        let request = exchange.request
        if request.avoidsSilentHosts, silent.isSilent(exchange.hostKey, now: Monotonic.seconds()) {
            return endSilent(exchange)
        }
        guard HostNames.needsLook(exchange.dialledHost) else { return askForPlace(exchange) }
        let id = ObjectIdentifier(exchange)
        let answer = names.look(exchange.dialledHost, insisting: !request.avoidsSilentHosts, for: id) {
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
        if addresses.isEmpty { return end(exchange, .resolveFailed, "\(exchange.dialledHost): no address was found") }
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

    /// Limits the wait for an address and a place; both waits share one time limit.
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

    /// Starts the time limit of the whole exchange, unless it runs already.
    private func armRunning(_ exchange: OutboundExchange) {
        guard exchange.request.queueSeconds != nil || !exchange.timer.isActive else { return }
        exchange.begins(at: Monotonic.seconds())
        arm(exchange, exchange.secondsLeft)
    }

    private func endSilent(_ exchange: OutboundExchange) {
        end(exchange, .connectFailed, "\(exchange.target.host): the host did not answer recent requests")
    }

    /// Starts the transfer of an exchange that has its place.
    private func run(_ exchange: OutboundExchange) {
        exchange.isAdmitted = true
        let request = exchange.request
        if request.avoidsSilentHosts, !silent.mayTry(exchange.hostKey, now: Monotonic.seconds()) {
            return endSilent(exchange)
        }
        armRunning(exchange)
        guard exchange.isPermittedThroughProxy else {
            return end(exchange, .forbiddenAddress, "\(exchange.target.host): its address is forbidden")
        }
        let policy = exchange.proxy == nil ? request.addresses : nil
        let pool = pool(for: policy)
        let transfer = CurlTransfer(
            policy: policy, followsRedirects: request.followsRedirects,
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

    /// Handles the end of a transfer.
    private func finished(_ exchange: OutboundExchange, _ code: CURLcode) {
        if let transfer = exchange.transfer, transfer.isRedirect { return follow(exchange, transfer) }
        guard code != CURLE_OK, let transfer = exchange.transfer else { return settle(exchange, nil) }
        let host = exchange.target.host
        let mayHaveArrived = transfer.mayHaveArrived
        // curl reports bytes that are not HTTP as an unsupported protocol.
        if let status = transfer.proxyRefusal {
            let text = "\(host): the proxy answered \(status)"
            return settle(exchange, OutboundError(.connectFailed, text, mayHaveArrived: exchange.hops > 0))
        }
        let isGibberish = code == CURLE_UNSUPPORTED_PROTOCOL && mayHaveArrived && transfer.status == 0
        let result = isGibberish ? CURLE_WEIRD_SERVER_REPLY : code
        settle(
            exchange,
            .of(result, verdict: transfer.verdict, host: host, mayHaveArrived: mayHaveArrived || exchange.hops > 0))
    }

    /// Each hop is checked, looked up and limited like the first one. curl's own redirects would look names up by
    /// themselves and occupy a place of another host.
    private func follow(_ exchange: OutboundExchange, _ transfer: CurlTransfer) {
        let location = transfer.location ?? ""
        leave(exchange, nil)
        exchange.hopEnded(at: Monotonic.seconds())
        do throws(OutboundError) { try exchange.follow(location) } catch { return settle(exchange, error) }
        begin(exchange)
    }

    /// Ends an exchange early. Does nothing if it has ended already.
    func end(_ exchange: OutboundExchange, _ kind: OutboundError.Kind, _ message: String) {
        let hasHopped = exchange.hops > 0
        switch exchange.phase {
        case .waiting: settle(exchange, OutboundError(kind, message, mayHaveArrived: hasHopped))
        case .running(let transfer, let pool):
            let mayHaveArrived = transfer.mayHaveArrived || hasHopped  // read before curl forgets it
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

    /// Releases the resources of the current hop, its place first.
    private func leave(_ exchange: OutboundExchange, _ failure: OutboundError?) {
        let id = ObjectIdentifier(exchange)
        note(exchange, failure)
        exchange.transfer?.free()
        guard exchange.isAdmitted else {
            names.withdraw(id, from: exchange.dialledHost)
            return admission.withdrew(id, host: exchange.hostKey)
        }
        exchange.isAdmitted = false
        let admitted = admission.ended(host: exchange.hostKey)
        guard !isClosed else { return }
        for next in admitted { exchanges[next]?.isAdmitted = true }
        entering.append(contentsOf: admitted)
        runEntering()
    }

    /// Starts the exchanges in a loop instead of recursively: each one that fails at once lets the next one in.
    private func runEntering() {
        guard !isEntering else { return }
        isEntering = true
        defer { isEntering = false }
        while let id = entering.popFirst() {
            if let exchange = exchanges[id], !exchange.hasEnded { run(exchange) }
        }
    }

    /// Records in `silent` whether the host answered.
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

    /// Resumes reading after the reader has taken the buffered bytes.
    func continueReceiving(_ exchange: OutboundExchange) {
        guard case .running(let transfer, _) = exchange.phase else { return }
        if transfer.continueReceiving() != CURLE_OK {
            end(exchange, .interrupted, "\(exchange.target.host): the answer was interrupted")
        }
    }
}
