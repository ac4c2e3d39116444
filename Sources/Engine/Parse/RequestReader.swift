// Reads the body of POST /api/v1/generate-descriptions as it comes in, and judges it. Pure: no I/O, no loop; used by
// one thread at a time.

/// Feed it the body, then ask for the verdict. After an error it stays failed.
public final class RequestReader {
    let configuration: RequestReaderConfiguration
    /// A struct, so that the accesses to its many variables are checked at compile time and not at each byte.
    private(set) var machine: RequestMachine
    private var failure: ServiceError?
    /// The signature that `finish` found wrong, for a closer look elsewhere.
    public internal(set) var suspect: SuspectSignature?
    /// Which mode the request asks for (C2.1): known once its signature holds, also where something else is wrong.
    public internal(set) var isSynchronous: Bool?

    public init(configuration: RequestReaderConfiguration, keys: SignatureKeys, sink: any LotSink) {
        self.configuration = configuration
        machine = RequestMachine(configuration: configuration, keys: keys, sink: sink)
    }

    /// The next bytes of the body. Throws only what may be told before the signature holds: INVALID_JSON, LOT_TOO_LARGE
    /// (C1.7).
    public func feed(_ bytes: Span<UInt8>) throws(ServiceError) {
        if let failure { throw failure }
        do { try machine.read(bytes) } catch {
            failure = error
            throw error
        }
    }

    public func feed(_ bytes: [UInt8]) throws(ServiceError) { try feed(bytes.span) }

    /// The body is complete: the signature first (C1.1 to C1.4), then the size, then everything else (C1.7). `header`
    /// is X-Signature, which goes before the body's `signature`; `respondAsync` is `Prefer: respond-async` (C2.1).
    public func finish(
        signature header: String?, respondAsync: Bool = false
    ) throws(ServiceError) -> GenerationRequest {
        if let failure { throw failure }
        try machine.checkEnd()
        return try verdict(header: header, respondAsync: respondAsync)
    }
}
