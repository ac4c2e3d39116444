// POST /api/v1/generate-descriptions: checks of the head, then the body is read; what it asks for decides the mode
// (C2.1). Loop-bound.
import Engine
import Logging

enum GenerateDescriptions {
    static func handle(_ call: Call) {
        if call.exchange.head.prefersAsync { call.rate = .batch }
        do throws(ServiceError) {
            try checkHead(call)
        } catch {
            // Which ones we do know (RFC 9110 15.5.16).
            let known = call.exchange.head.hasKnownCoding ? [] : [("Accept-Encoding", "gzip, identity")]
            return reject(call, error, headers: known)
        }
        let ingest = Ingest(call) { outcome in finished(call, outcome) }
        ingest.start()
    }

    // MARK: Before the body

    private static func checkHead(_ call: Call) throws(ServiceError) {
        try checkRate(call)
        guard isJSON(call.exchange.head.header("Content-Type")) else {
            throw ServiceError(.unsupportedMediaType, "Content-Type must be application/json")
        }
        guard call.exchange.head.hasKnownCoding else {
            throw ServiceError(.unsupportedMediaType, "The only Content-Encoding that is understood is gzip")
        }
        if case .length(let bytes) = call.exchange.bodyFraming, bytes > Limits.bodyBytes {
            throw Ingest.bodyTooLarge
        }
        if isSurelyBatch(call.exchange) { try call.services.requireDatabase() }
    }

    /// Asked for, or too long for a single lot: without a database, or room in its class, it need not be read.
    private static func isSurelyBatch(_ exchange: Exchange) -> Bool {
        if exchange.head.prefersAsync { return true }
        guard case .length(let bytes) = exchange.bodyFraming else { return false }
        return bytes > 2 * Limits.lotBytes
    }

    /// Full classes refuse before the body is read, where it is clear which class it will be (C3.1).
    private static func checkRate(_ call: Call) throws(ServiceError) {
        if isSurelyBatch(call.exchange) { try call.look(.batch) } else { try call.look(.batch, .synchronous) }
    }

    static func isJSON(_ type: String?) -> Bool {
        guard let type else { return false }
        return type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased() == "application/json"
    }

    // MARK: After the body

    private static func finished(_ call: Call, _ outcome: Result<IngestedRequest, ServiceError>) {
        switch outcome {
        case .failure(let error): reject(call, error)
        case .success(let request):
            do throws(ServiceError) { try call.count(call.rate) } catch {
                request.discard()
                return call.fail(error)
            }
            begin(call, request)
        }
    }

    private static func begin(_ call: Call, _ ingested: IngestedRequest) {
        if ingested.request.isSynchronous { ingested.discard() }
        call.run {
            defer { ingested.discard() }
            // While we stop, a batch that was on its way is stored in a moment; a description may take too long.
            if ingested.request.isSynchronous { try call.services.requireOpen() }
            guard let hold = try await KeyHold.take(call, ingested.request) else { return }
            do {
                try await answer(call, ingested, hold)
            } catch {
                await hold.release()
                throw error
            }
        }
    }

    private static func answer(_ call: Call, _ ingested: IngestedRequest, _ hold: KeyHold) async throws {
        if let lot = ingested.request.singleLot, ingested.request.isSynchronous {
            try await SynchronousReply.answer(call, ingested, lot, hold)
        } else {
            try await AcceptBatch.answer(call, ingested, hold)
        }
    }

    /// Refusals count (C3.1); what is our own trouble counts against nobody.
    private static func reject(_ call: Call, _ error: ServiceError, headers: [(String, String)] = []) {
        if error.code == .rateLimitExceeded { return call.fail(error) }
        if error.code == .serviceUnavailable {
            call.showStanding()
            return call.fail(error)
        }
        do throws(ServiceError) { try call.count(call.rate) } catch { return call.fail(error) }
        call.fail(error, headers: headers)
    }
}

extension RequestHead {
    /// The body is in gzip, and in nothing besides.
    var isGzipped: Bool { contentCodings == ["gzip"] || contentCodings == ["x-gzip"] }
    var hasKnownCoding: Bool { isGzipped || contentCodings == [] || contentCodings == ["identity"] }

    private var contentCodings: [String] { headers("Content-Encoding").map { $0.lowercased() } }
}
