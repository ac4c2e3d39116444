// A request body on its way in: socket (-> inflater) -> reader -> spool, each held back by the next. Loop-bound; held
// by the exchange.
import Engine

/// A valid request with its lots in a spool, not yet visible to anybody.
struct IngestedRequest {
    var request: GenerationRequest
    /// The id that its lots' rows already bear.
    var job: Identifier
    var lots: any LotStore
    /// When its head was complete, by a clock that never goes back.
    var arrivedSeconds: Double
    /// Its place in the shard's gate.
    fileprivate var place: IngestGate.Place

    /// Lets go of the lots; to be called once they are stored, or will not be.
    func discard() {
        lots.discard()
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
    private var lots: any LotStore
    /// Where the body comes from, as long as it does.
    private var source: (any BodySource)?
    private let arrivedSeconds = Monotonic.seconds()
    private var reader: RequestReader?
    private var place: IngestGate.Place?
    private var hasConsideredHaste = false
    private var finished: ((Result<IngestedRequest, ServiceError>) -> Void)?

    init(_ call: Call, finished: @escaping (Result<IngestedRequest, ServiceError>) -> Void) {
        self.call = call
        self.finished = finished
        source = call.exchange.head.isGzipped ? GunzippedBody(call.exchange) : call.exchange
        lots = Spool(on: call.services.loop, directory: call.services.config.spoolDirectory)
    }

    /// Begins to read the body; `finished` is called once, unless the client goes away first.
    func start() {
        let length: Int?
        switch call.exchange.bodyFraming {
        case .none: length = 0
        case .length(let bytes): length = call.exchange.head.isGzipped ? nil : bytes
        case .chunked: length = nil
        }
        place = call.services.ingestGate.enter(call.client, length: length)
        guard place != nil else { return settle(.failure(Ingest.overloaded)) }
        let config = call.services.config
        reader = RequestReader(
            configuration: RequestReaderConfiguration(
                maxLots: config.lotsMax, acceptNodeExample: config.acceptNodeExampleSignatures,
                addressPolicy: config.addressPolicy, hashesBody: hashesBody),
            keys: call.services.keys, sink: self)
        take(lots)
        source?.receiveBody(limit: Limits.bodyBytes, into: self)
    }

    // MARK: BodyReceiver

    func body(_ bytes: Span<UInt8>) {
        guard let reader else { return }
        call.services.metrics.intake.add(.bytes, bytes.count)
        do throws(ServiceError) { try reader.feed(bytes) } catch { return settle(.failure(error)) }
        if lots.hasFailed { return lostLots() }
        considerHaste()
        if lots.isCongested { source?.pauseBody() }
    }

    func bodyEnded() {
        guard let reader, let place else { return }
        let head = call.exchange.head
        let outcome: Result<IngestedRequest, ServiceError>
        do throws(ServiceError) {
            let request = try reader.finish(
                signature: head.header("X-Signature"), respondAsync: head.prefersAsync)
            call.services.metrics.intake.add(.lots, request.lotCount)
            outcome = .success(
                IngestedRequest(request: request, job: job, lots: lots, arrivedSeconds: arrivedSeconds, place: place))
        } catch { outcome = .failure(error) }
        if reader.isSynchronous == false { call.rate = .batch }
        guard case .failure(let error) = outcome, let suspect = reader.suspect else { return settle(outcome) }
        release()
        call.services.loop.spawn { [self] in
            let explained = await call.services.explainer.explain(suspect)
            settle(.failure(explained ?? error))
        }
    }

    func bodyFailed(_ failure: BodyFailure) {
        switch failure {
        case .tooLarge: settle(.failure(Ingest.bodyTooLarge))
        case .timedOut: settle(.failure(ServiceError(.requestTimeout, "The request body took too long to arrive")))
        case .malformed: settle(.failure(ServiceError(.badRequest, "The request body's chunks cannot be read")))
        case .corrupted: settle(.failure(ServiceError(.badRequest, "The request body is not one whole gzip member")))
        case .clientClosed:
            finished = nil
            release()
            discard()
        }
    }

    // MARK: LotSink

    func accept(_ row: LotRow) {
        lots.append { buffer in LotFrame.append(job: job, row, to: &buffer) }
    }

    func reset() { lots.reset() }

    // MARK: The fast way

    /// A body of so many bytes of rows is large enough for it.
    private static let hasteBytes = Spool.memoryBytes / 2

    /// Once a request: large bodies of clients whose signatures held lately go into an open transaction as they come
    /// in, so that the reader and the database work at the same time. Others wait in the spool for the verdict.
    private func considerHaste() {
        guard !hasConsideredHaste, let spool = lots as? Spool, spool.heldBytes >= Ingest.hasteBytes else { return }
        hasConsideredHaste = true
        let services = call.services
        let rate = Double(spool.heldBytes) / max(Monotonic.seconds() - arrivedSeconds, 0.001)
        guard rate >= services.eagerBytesPerSecond, !services.isCopyingEagerly,
            services.shared.known.isKnown(call.client),
            services.isDatabaseReady, let rows = spool.takeMemory()
        else { return }
        services.isCopyingEagerly = true
        let eager = EagerCopy(on: services.loop, database: services.database, beginning: rows)
        eager.whenEnded = { services.isCopyingEagerly = false }
        take(eager)
    }

    // MARK: Parts

    private func drained() {
        guard reader != nil else { return }
        if lots.hasFailed { return lostLots() }
        source?.resumeBody()
    }

    /// The request goes on where nothing is lost yet. In any case the client's next one waits in the spool again.
    private func lostLots() {
        call.services.shared.known.forget(call.client)
        guard let rows = (lots as? EagerCopy)?.takeBack() else { return settle(.failure(Ingest.overloaded)) }
        lots.discard()
        take(Spool(on: call.services.loop, directory: call.services.config.spoolDirectory))
        lots.append { $0 += rows }
        source?.resumeBody()
    }

    private func take(_ store: any LotStore) {
        lots = store
        lots.whenDrained = { [weak self] in self?.drained() }
    }

    private func settle(_ outcome: Result<IngestedRequest, ServiceError>) {
        release()
        switch outcome {
        case .success: call.services.shared.known.remember(call.client)
        case .failure(let error) where error.code == .invalidSignature: call.services.shared.known.forget(call.client)
        case .failure: break
        }
        if case .failure = outcome { discard() }
        let tell = finished
        finished = nil
        tell?(outcome)
    }

    /// A signature in the body cannot cover the body that holds it; a key must be told from another body's (C2.7).
    private var hashesBody: Bool {
        let head = call.exchange.head
        return head.header("X-Signature") != nil || head.header("Idempotency-Key") != nil
    }

    /// The reader refers to us as its sink, the source as its receiver.
    private func release() {
        reader = nil
        source = nil
    }

    private func discard() {
        lots.discard()
        place?.leave()
    }
}
