// Reads a request body: socket (-> inflater) -> reader -> store. Each part slows down the one before it. Loop-bound;
// held by the exchange.
import Engine

/// A valid request with its lots in a store. The job is not visible yet.
struct IngestedRequest {
    var request: GenerationRequest
    /// The job id in the rows of its lots.
    var job: Identifier
    var lots: LotStore
    /// When the head was complete, in seconds of a monotonic clock.
    var arrivedSeconds: Double
    /// The body's place in the gate.
    fileprivate var place: IngestGate.Place

    /// Frees the lots and the place in the gate. Call it when the lots are stored or are not needed.
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
    private let lots: LotStore
    private let arrivedSeconds = Monotonic.seconds()
    /// The source of the body; nil when no more of it is needed.
    private var source: (any BodySource)?
    /// Nil when reading has ended.
    private var reader: RequestReader?
    /// Resumed when the body is complete (true), does not arrive (false), or is refused.
    private var arrival: Ticket<Result<Bool, ServiceError>>?

    init(_ call: Call) {
        self.call = call
        lots = LotStore(for: call)
    }

    /// Reads and checks the body.
    /// - Returns: nil if the body does not arrive; the request is answered then.
    /// - Throws: `ServiceError` with the reason of a refusal; `CancellationError` if the client disconnected.
    func finish() async throws -> IngestedRequest? {
        let exchange = call.exchange
        let length: Int? =
            switch exchange.bodyFraming {
            case .none: 0
            case .length(let bytes): exchange.head.isGzipped ? nil : bytes
            case .chunked: nil
            }
        guard let place = call.services.ingestGate.enter(call.client, length: length) else { throw Ingest.overloaded }
        do {
            if try await receive() { return try await judge(place) }
        } catch {
            discard(place)
            throw error
        }
        discard(place)
        return nil
    }

    // MARK: BodyReceiver

    func body(_ bytes: Span<UInt8>) {
        guard let reader else { return }
        call.services.metrics.intake.add(.bytes, bytes.count)
        do throws(ServiceError) { try reader.feed(bytes) } catch { return refuse(error) }
        lots.considerEager()
        if lots.hasFailed { return lotsFailed() }
        if lots.isCongested { source?.pauseBody() }
    }

    func bodyEnded() { arrival?.resume(.success(true)) }

    func bodyFailed(_ failure: BodyFailure) {
        guard let arrival, arrival.isWaiting else { return }
        // Answer before this returns: the connection would send its own reply otherwise.
        if let error = Ingest.error(failure) { call.refuse(error) }
        release()
        arrival.resume(.success(false))
    }

    private static func error(_ failure: BodyFailure) -> ServiceError? {
        switch failure {
        case .tooLarge: bodyTooLarge
        case .timedOut: ServiceError(.requestTimeout, "The request body took too long to arrive")
        case .malformed: ServiceError(.badRequest, "The request body's chunks cannot be parsed")
        case .corrupted: ServiceError(.badRequest, "The request body is not one whole gzip member")
        case .clientClosed: nil
        }
    }

    // MARK: LotSink

    func accept(_ row: LotRow) {
        lots.append { buffer in LotFrame.append(job: job, row, to: &buffer) }
    }

    func reset() { lots.reset() }

    // MARK: Parts

    /// - Returns: false if the body does not arrive.
    private func receive() async throws -> Bool {
        let (exchange, config) = (call.exchange, call.services.config)
        let source: any BodySource = exchange.head.isGzipped ? GunzippedBody(exchange) : exchange
        self.source = source
        reader = RequestReader(
            configuration: RequestReaderConfiguration(
                maxLots: config.lotsMax, acceptNodeExample: config.acceptNodeExampleSignatures,
                addressPolicy: config.addressPolicy, hashesBody: hashesBody),
            keys: call.services.keys, sink: self)
        lots.whenDrained = { [weak self] in self?.drained() }
        let outcome: Result<Bool, ServiceError> = try await call.services.loop.park { ticket in
            arrival = ticket
            source.receiveBody(limit: Limits.bodyBytes, into: self)
        }
        return try outcome.get()
    }

    /// Checks the complete body.
    private func judge(_ place: IngestGate.Place) async throws(ServiceError) -> IngestedRequest {
        guard let reader else { throw Ingest.overloaded }
        let (services, head) = (call.services, call.exchange.head)
        let verdict = Result { () throws(ServiceError) -> GenerationRequest in
            try reader.finish(signature: head.header("X-Signature"), respondAsync: head.prefersAsync)
        }
        release()
        if reader.isSynchronous == false { call.rate = .batch }
        switch verdict {
        case .success(let request):
            services.metrics.intake.add(.lots, request.lotCount)
            services.eagerLane.remember(call.client)
            return IngestedRequest(request: request, job: job, lots: lots, arrivedSeconds: arrivedSeconds, place: place)
        case .failure(let error):
            if error.code == .invalidSignature { services.eagerLane.forget(call.client) }
            guard let suspect = reader.suspect else { throw error }
            throw await services.explainer.explain(suspect) ?? error
        }
    }

    /// The body's hash is needed for a signature in the header, and to compare bodies under one idempotency key (C2.7).
    /// A signature in the body cannot cover the body itself.
    private var hashesBody: Bool {
        let head = call.exchange.head
        return head.header("X-Signature") != nil || head.header("Idempotency-Key") != nil
    }

    private func drained() {
        guard reader != nil else { return }
        if lots.hasFailed { return lotsFailed() }
        source?.resumeBody()
    }

    /// Continues with the spool if no row is lost, else refuses.
    private func lotsFailed() {
        guard lots.returnToSpool() else { return refuse(Ingest.overloaded) }
        source?.resumeBody()
    }

    /// Refuses in the middle of the body; the rest is not read.
    private func refuse(_ error: ServiceError) {
        release()
        arrival?.resume(.failure(error))
    }

    /// Breaks the reference cycles: the reader refers to this object as its sink, the source as its receiver.
    private func release() {
        reader = nil
        source = nil
    }

    private func discard(_ place: IngestGate.Place) {
        release()
        lots.discard()
        place.leave()
    }
}
