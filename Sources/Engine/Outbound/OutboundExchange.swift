// One exchange from the call to its end: waiting for addresses or a place, running as a curl transfer, ended. A
// followed redirect returns it to waiting. Thread: the client's loop.

import CShims

/// State shared by the client, the waiting task and the transfer.
final class OutboundExchange {
    enum Phase {
        case waiting
        case running(CurlTransfer, on: CurlMulti)
        case ended
    }

    /// Its URL and headers are those of the current hop.
    private(set) var request: OutboundRequest
    private(set) var target: ParsedURL
    /// Lower case.
    private(set) var host: String
    /// The proxy on the way to the target.
    private(set) var proxy: OutboundProxy?
    private let proxies: OutboundProxies?
    /// Key of the connection limit: host and port.
    private(set) var hostKey: String
    /// Numeric addresses of `target`; empty if it needs no lookup.
    var addresses: [String] = []
    /// Number of redirects followed so far.
    private(set) var hops = 0
    /// Time left for the exchange when it next gets a place, seconds.
    private(set) var secondsLeft: Double
    /// Time at which it got its place.
    private var beganAt = 0.0
    let timer: LoopTimer
    /// Most bytes of a body that the caller collects; nil for a body that is pulled.
    let bodyMax: Int?
    var phase: Phase = .waiting
    /// True while it counts as running.
    var isAdmitted = false
    /// nil after a complete answer.
    private(set) var failure: OutboundError?
    /// Kept after the end for the bytes that the reader has not taken.
    var transfer: CurlTransfer?
    private var pump: Task<Void, Never>?
    private let loop: Loop
    private var waiter: Ticket<Void>?

    init(
        _ request: OutboundRequest, bodyMax: Int?, proxies: OutboundProxies? = nil, on loop: Loop
    ) throws(OutboundError) {
        guard OutboundHeaders.areSafe(request.headers), OutboundHeaders.areSafe([(request.method, "")]) else {
            throw OutboundError(.invalidURL, "a header cannot be sent", mayHaveArrived: false)
        }
        self.request = request
        self.bodyMax = bodyMax
        secondsLeft = request.timeoutSeconds
        let url = WireURL.text(request.url)
        self.request.url = url
        target = try OutboundExchange.parse(url)
        host = target.host.lowercased()
        hostKey = "\(host):\(target.port)"
        self.proxies = proxies
        proxy = proxies?.proxy(for: target)
        self.loop = loop
        timer = LoopTimer(on: loop)
    }

    /// Starts the exchange's time.
    func begins(at moment: Double) { beganAt = moment }

    /// Ends a hop. While the next hop waits for a place, only the caller's limit on the wait counts.
    func hopEnded(at moment: Double) {
        transfer = nil
        phase = .waiting
        guard request.queueSeconds != nil else { return }
        timer.stop()
        secondsLeft -= moment - beganAt
    }

    /// Headers that another host may see.
    private static let harmlessHeaders = ["accept", "accept-encoding", "range", "user-agent"]

    /// Prepares the next hop. `location` is relative to the current URL.
    func follow(_ location: String) throws(OutboundError) {
        guard hops < request.maxRedirects else {
            throw OutboundError(.tooManyRedirects, "\(host): too many redirects", mayHaveArrived: true)
        }
        guard let resolved = ParsedURL.resolve(location, against: request.url) else {
            throw OutboundError(.invalidURL, "\(host): the redirect is not a URL", mayHaveArrived: true)
        }
        let url = WireURL.text(resolved)
        let next: ParsedURL
        do { next = try OutboundExchange.parse(url) } catch {
            throw OutboundError(error.kind, "\(host): invalid redirect: \(error.message)", mayHaveArrived: true)
        }
        // Credentials for one host must not reach another host; any header may carry some.
        if (next.scheme, next.host, next.port) != (target.scheme, target.host, target.port) {
            request.headers.removeAll { name, _ in
                !OutboundExchange.harmlessHeaders.contains { OutboundHeaders.equal(name, $0) }
            }
            request.addresses = request.addressesElsewhere ?? request.addresses
        }
        hops += 1
        request.url = url
        target = next
        host = next.host.lowercased()
        hostKey = "\(host):\(next.port)"
        proxy = proxies?.proxy(for: next)
        addresses = []
    }

    /// The host and port that are connected to: the proxy's, else the target's.
    var dialledHost: String { proxy?.host.lowercased() ?? host }
    var dialledPort: Int { proxy?.port ?? target.port }

    /// The policy (C7) is for the target. Behind a proxy the connection does not show the target's address, so only an
    /// address in the URL can be checked.
    var isPermittedThroughProxy: Bool {
        guard proxy != nil, let policy = request.addresses, !HostNames.needsLook(host) else { return true }
        let text = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return IPAddress(text).map(policy.permits) ?? false  // `localhost` has no address here
    }

    private static func parse(_ url: String) throws(OutboundError) -> ParsedURL {
        guard !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw OutboundError(.invalidURL, "the URL has white space or a control character", mayHaveArrived: false)
        }
        do {
            let parsed = try ParsedURL(url)
            if parsed.scheme == "http" || parsed.scheme == "https" { return parsed }
        } catch .credentials {
            throw OutboundError(.invalidURL, "the URL carries credentials", mayHaveArrived: false)
        } catch {}
        throw OutboundError(.invalidURL, "not an http or https URL", mayHaveArrived: false)
    }

    var hasEnded: Bool {
        switch phase {
        case .waiting, .running: false
        case .ended: true
        }
    }

    /// Wakes the waiting task. Also called from within curl, because it only makes the task ready.
    func changed() {
        waiter?.resume()
        waiter = nil
    }

    /// Parks until `isReached` or the end.
    func wait(until isReached: () -> Bool) async throws(CancellationError) {
        while !hasEnded, !isReached() {
            try await loop.park { waiter = $0 }
        }
    }

    func settle(_ failure: OutboundError?) {
        phase = .ended
        self.failure = failure
        timer.close()
        pump?.cancel()
        changed()
    }

    /// Starts pumping the body's source. `failed` receives the error text if the source fails or has another length.
    func startPump(_ failed: @escaping (String) -> Void) {
        guard case .stream(_, let source) = request.body, let upload = transfer?.upload else { return }
        pump = loop.spawn { [loop] in
            await loop.yield()  // not within the caller's turn
            do { try await upload.pump(source, on: loop) { self.unpauseSending(failed) } } catch {
                if !self.hasEnded {
                    failed("the request's body failed: \(error is UploadFeed.Problem ? "\(error)" : "an error")")
                }
            }
        }
    }

    private func unpauseSending(_ failed: (String) -> Void) {
        guard case .running(let transfer, _) = phase, transfer.continueSending() != CURLE_OK else { return }
        failed("the request's body could not be sent")
    }

    /// Waits until the source is no longer used.
    func pumpEnded() async { await pump?.value }
}
