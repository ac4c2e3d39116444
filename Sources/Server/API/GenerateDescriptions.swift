// POST /api/v1/generate-descriptions: checks the head, reads the body, then selects the mode by its content (C2.1).
// Loop-bound.
import Engine
import Logging

enum GenerateDescriptions {
    static func handle(_ call: Call) {
        if call.exchange.head.prefersAsync { call.rate = .batch }
        do throws(ServiceError) {
            try checkHead(call)
        } catch {
            // Names the codings that are supported (RFC 9110 15.5.16).
            let known = call.exchange.head.hasKnownCoding ? [] : [("Accept-Encoding", "gzip, identity")]
            return call.refuse(error, headers: known)
        }
        call.run { try await serve(call) }
    }

    /// Reads and checks the body, claims its idempotency key, and answers in its mode.
    private static func serve(_ call: Call) async throws {
        guard let ingested = try await read(call) else { return }
        defer { ingested.discard() }
        try call.count(call.rate)
        let request = ingested.request
        if request.isSynchronous {
            ingested.discard()
            // During a shutdown a batch is still stored, which is fast; a description may take longer than the grace
            // period.
            try call.services.requireOpen()
        }
        guard let hold = try await KeyHold.take(call, request) else { return }
        do {
            if request.isSynchronous, let lot = request.singleLot {
                try await SynchronousReply.answer(call, ingested, lot, hold)
            } else {
                try await AcceptBatch.answer(call, ingested, hold)
            }
        } catch {
            await hold.release()
            throw error
        }
    }

    /// - Returns: nil if the request has been answered.
    private static func read(_ call: Call) async throws -> IngestedRequest? {
        do { return try await Ingest(call).finish() } catch let error as ServiceError {
            call.refuse(error)
            return nil
        }
    }

    // MARK: Before the body

    private static func checkHead(_ call: Call) throws(ServiceError) {
        try checkRate(call)
        guard isJSON(call.exchange.head.header("Content-Type")) else {
            throw ServiceError(.unsupportedMediaType, "Content-Type must be application/json")
        }
        guard call.exchange.head.hasKnownCoding else {
            throw ServiceError(.unsupportedMediaType, "The only supported Content-Encoding is gzip")
        }
        if case .length(let bytes) = call.exchange.bodyFraming, bytes > Limits.bodyBytes {
            throw Ingest.bodyTooLarge
        }
        if isSurelyBatch(call.exchange) { try call.services.requireDatabase() }
    }

    /// True if the client asks for a batch, or if the body is too long for a single lot. Such a body need not be read
    /// if the database is away or the batch class is full.
    private static func isSurelyBatch(_ exchange: Exchange) -> Bool {
        if exchange.head.prefersAsync { return true }
        guard case .length(let bytes) = exchange.bodyFraming else { return false }
        return bytes > 2 * Limits.lotBytes
    }

    /// Refuses before the body is read if all classes that the request may belong to are full (C3.1).
    private static func checkRate(_ call: Call) throws(ServiceError) {
        if isSurelyBatch(call.exchange) { try call.look(.batch) } else { try call.look(.batch, .synchronous) }
    }

    static func isJSON(_ type: String?) -> Bool {
        guard let type else { return false }
        return type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased() == "application/json"
    }
}

extension Call {
    /// Refuses a request to generate. Refusals count (C3.1), except those for trouble of the service itself.
    func refuse(_ error: ServiceError, headers: [(String, String)] = []) {
        if error.code == .rateLimitExceeded { return fail(error) }
        if error.code == .serviceUnavailable {
            showStanding()
            return fail(error)
        }
        do throws(ServiceError) { try count(rate) } catch { return fail(error) }
        fail(error, headers: headers)
    }
}

extension RequestHead {
    /// The body has the coding gzip and no other.
    var isGzipped: Bool { contentCodings == ["gzip"] || contentCodings == ["x-gzip"] }
    var hasKnownCoding: Bool { isGzipped || contentCodings == [] || contentCodings == ["identity"] }

    private var contentCodings: [String] { headers("Content-Encoding").map { $0.lowercased() } }
}
