// A request body on its way in: socket -> reader -> spool, each held back by the next. Loop-bound; held by the
// exchange.
import Engine

/// A valid request with its lots in a spool, not yet visible to anybody.
struct IngestedRequest {
    var request: GenerationRequest
    /// The id that its lots' rows already bear.
    var job: Identifier
    var spool: Spool
    /// When its head was complete, by a clock that never goes back.
    var arrivedSeconds: Double
    /// Its place in the shard's gate.
    fileprivate var place: IngestGate.Place

    /// Lets go of the lots; to be called once they are stored, or will not be.
    func discard() {
        spool.discard()
        place.leave()
    }
}

final class Ingest: BodyReceiver, LotSink {
    static let bodyTooLarge = ServiceError(
        .bodyTooLarge, "Request body exceeds maximum size of 200 MB", details: ["max_bytes": .int(Limits.bodyBytes)])
    static let overloaded = ServiceError(
        .serviceUnavailable, "The service is overloaded", retryAfter: 5)

    private let call: Call
    private let job = Identifier.random()
    private let spool: Spool
    private let arrivedSeconds = Monotonic.seconds()
    private var reader: RequestReader?
    private var place: IngestGate.Place?
    private var finished: ((Result<IngestedRequest, ServiceError>) -> Void)?

    init(_ call: Call, finished: @escaping (Result<IngestedRequest, ServiceError>) -> Void) {
        self.call = call
        self.finished = finished
        spool = Spool(on: call.services.loop, directory: call.services.config.spoolDirectory)
    }

    /// Begins to read the body; `finished` is called once, unless the client goes away first.
    func start() {
        let length: Int?
        switch call.exchange.bodyFraming {
        case .none: length = 0
        case .length(let bytes): length = bytes
        case .chunked: length = nil
        }
        place = call.services.ingestGate.enter(length: length)
        guard place != nil else { return settle(.failure(Ingest.overloaded)) }
        let config = call.services.config
        let policy = config.addressPolicy
        reader = RequestReader(
            configuration: RequestReaderConfiguration(
                maxLots: config.lotsMax, acceptNodeExample: config.acceptNodeExampleSignatures,
                urlProblem: { WebURL.problem($0, policy: policy) }),
            keys: call.services.keys, sink: self)
        spool.whenDrained = { [weak self] in self?.drained() }
        call.exchange.receiveBody(limit: Limits.bodyBytes, into: self)
    }

    // MARK: BodyReceiver

    func body(_ bytes: Span<UInt8>) {
        guard let reader else { return }
        do throws(ServiceError) { try reader.feed(bytes) } catch { return settle(.failure(error)) }
        if spool.failure != nil { return settle(.failure(Ingest.overloaded)) }
        if spool.isCongested { call.exchange.pauseBody() }
    }

    func bodyEnded() {
        guard let reader, let place else { return }
        do throws(ServiceError) {
            let head = call.exchange.head
            let request = try reader.finish(
                signature: head.header("X-Signature"), respondAsync: GenerateDescriptions.prefersAsync(head))
            settle(
                .success(
                    IngestedRequest(
                        request: request, job: job, spool: spool, arrivedSeconds: arrivedSeconds, place: place)))
        } catch {
            guard let suspect = reader.suspect else { return settle(.failure(error)) }
            release()
            call.services.loop.spawn { [self] in
                let explained = await call.services.explainer.explain(suspect)
                settle(.failure(explained ?? error))
            }
        }
    }

    func bodyFailed(_ failure: BodyFailure) {
        switch failure {
        case .tooLarge: settle(.failure(Ingest.bodyTooLarge))
        case .timedOut: settle(.failure(ServiceError(.requestTimeout, "The request body took too long to arrive")))
        case .malformed: settle(.failure(ServiceError(.badRequest, "The request body's chunks cannot be read")))
        case .clientClosed:
            finished = nil
            release()
            discard()
        }
    }

    // MARK: LotSink

    func accept(_ row: LotRow) {
        spool.append { buffer in
            LotFrame.append(
                job: job, position: row.position, lotID: row.lotID, additionalInfo: row.additionalInfo,
                webhook: row.webhook, images: row.images, imageCount: row.imageCount, to: &buffer)
        }
    }

    func reset() { spool.reset() }

    // MARK: Parts

    private func drained() {
        guard reader != nil else { return }
        if spool.failure != nil { return settle(.failure(Ingest.overloaded)) }
        call.exchange.resumeBody()
    }

    private func settle(_ outcome: Result<IngestedRequest, ServiceError>) {
        release()
        if case .failure = outcome { discard() }
        let tell = finished
        finished = nil
        tell?(outcome)
    }

    /// The reader refers to us as its sink.
    private func release() {
        reader = nil
    }

    private func discard() {
        spool.discard()
        place?.leave()
    }
}
