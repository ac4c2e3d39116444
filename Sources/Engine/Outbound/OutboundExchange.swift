// One exchange from the call to its end: waiting for addresses or a place, running as a curl transfer, ended. A
// redirect that is followed takes it back to waiting. Thread: the client's loop.

import CShims

/// What the client, the waiting task and the transfer share.
final class OutboundExchange {
    enum Phase {
        case waiting
        case running(CurlTransfer, on: CurlMulti)
        case ended
    }

    /// Its URL and headers are those of the present hop.
    private(set) var request: OutboundRequest
    private(set) var target: ParsedURL
    /// Lower case.
    private(set) var host: String
    /// Bounds connections per host and port.
    private(set) var hostKey: String
    /// Numeric, of `target`; none if it needs no look-up.
    var addresses: [String] = []
    /// Redirects followed so far.
    private(set) var hops = 0
    /// What is left of the exchange's time when it next gets a place, seconds.
    private(set) var secondsLeft: Double
    /// When it got its place.
    private var beganAt = 0.0
    let timer: LoopTimer
    /// Bound on the body that the caller collects; nil: it is pulled.
    let bodyMax: Int?
    var phase: Phase = .waiting
    /// True from the moment it counts as running until its end.
    var isAdmitted = false
    /// nil after the end: the whole answer has come.
    private(set) var failure: OutboundError?
    /// Stays after the end, for the bytes that nobody has taken yet.
    var transfer: CurlTransfer?
    private var pump: Task<Void, Never>?
    private let loop: Loop
    private var waiter: Ticket<Void>?

    init(_ request: OutboundRequest, bodyMax: Int?, on loop: Loop) throws(OutboundError) {
        guard OutboundHeaders.areSafe(request.headers), OutboundHeaders.areSafe([(request.method, "")]) else {
            throw OutboundError(.invalidURL, "a header cannot be sent", mayHaveArrived: false)
        }
        self.request = request
        self.bodyMax = bodyMax
        secondsLeft = request.timeoutSeconds
        target = try OutboundExchange.parse(request.url)
        host = target.host.lowercased()
        hostKey = "\(host):\(target.port)"
        self.loop = loop
        timer = LoopTimer(on: loop)
    }

    /// Its time runs from here.
    func begins(at moment: Double) { beganAt = moment }

    /// The hop is over. While the next one waits for a place, only a caller's bound on the wait counts.
    func hopEnded(at moment: Double) {
        transfer = nil
        phase = .waiting
        guard request.queueSeconds != nil else { return }
        timer.stop()
        secondsLeft -= moment - beganAt
    }

    /// Goes on to where a redirect leads, relative to where it came from.
    func follow(_ location: String) throws(OutboundError) {
        guard hops < request.maxRedirects else {
            throw OutboundError(.tooManyRedirects, "\(host): too many redirects", mayHaveArrived: true)
        }
        guard let url = ParsedURL.resolve(location, against: request.url) else {
            throw OutboundError(.invalidURL, "\(host): the redirect is not a URL", mayHaveArrived: true)
        }
        let next: ParsedURL
        do { next = try OutboundExchange.parse(url) } catch {
            throw OutboundError(error.kind, "\(host): a redirect: \(error.message)", mayHaveArrived: true)
        }
        // What lets a caller in at one host is not another host's business.
        if (next.scheme, next.host, next.port) != (target.scheme, target.host, target.port) {
            request.headers.removeAll { name, _ in
                OutboundHeaders.equal(name, "authorization") || OutboundHeaders.equal(name, "cookie")
            }
        }
        hops += 1
        request.url = url
        target = next
        host = next.host.lowercased()
        hostKey = "\(host):\(next.port)"
        addresses = []
    }

    private static func parse(_ url: String) throws(OutboundError) -> ParsedURL {
        guard !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw OutboundError(.invalidURL, "the URL holds white space or a control character", mayHaveArrived: false)
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

    /// Lets the waiting task look again. Also called from within curl: it only makes the task ready.
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

    /// `failed` is called with what to tell the caller if the source does not keep its word.
    func startPump(_ failed: @escaping (String) -> Void) {
        guard case .stream(_, let source) = request.body, let upload = transfer?.upload else { return }
        pump = loop.spawn { [loop] in
            await loop.yield()  // not within whatever started this
            do { try await upload.pump(source, on: loop) { self.unpauseSending(failed) } } catch {
                if !self.hasEnded {
                    failed("the request's body ended in \(error is UploadFeed.Problem ? "\(error)" : "an error")")
                }
            }
        }
    }

    private func unpauseSending(_ failed: (String) -> Void) {
        guard case .running(let transfer, _) = phase, transfer.continueSending() != CURLE_OK else { return }
        failed("the request's body could not be sent")
    }

    /// The source is not called any more when this has returned.
    func pumpEnded() async { await pump?.value }
}
