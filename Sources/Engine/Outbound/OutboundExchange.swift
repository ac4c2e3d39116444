// One exchange from the call to its end: waiting for a place, running as a curl transfer, ended. Thread: the client's
// loop.

import CShims

/// What the client, the waiting task and the transfer share.
final class OutboundExchange {
    enum Phase {
        case waiting
        case running(CurlTransfer, on: CurlMulti)
        case ended
    }

    let request: OutboundRequest
    let target: ParsedURL
    /// Bounds connections per host and port.
    let hostKey: String
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
        target = try OutboundExchange.parse(request.url)
        hostKey = "\(target.host):\(target.port)"
        self.loop = loop
        timer = LoopTimer(on: loop)
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
