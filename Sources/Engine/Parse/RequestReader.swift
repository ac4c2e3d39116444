// Reads the body of POST /api/v1/generate-descriptions as it arrives, and judges it. Pure:
// no I/O, no loop; one thread at a time.

/// Takes the body in slices, then gives the verdict. After an error, every further call throws the same error.
public final class RequestReader {
    let configuration: RequestReaderConfiguration
    /// A struct, so that exclusive access to its variables is checked at compile time and not per byte.
    private(set) var machine: RequestMachine
    private var failure: ServiceError?
    /// The signature that `finish` found wrong, so that another thread can explain it.
    public internal(set) var suspect: SuspectSignature?
    /// Mode of the request (C2.1). Set once the signature holds, even if the request has other errors.
    public internal(set) var isSynchronous: Bool?

    public init(configuration: RequestReaderConfiguration, keys: SignatureKeys, sink: any LotSink) {
        self.configuration = configuration
        machine = RequestMachine(configuration: configuration, keys: keys, sink: sink)
    }

    /// Takes the next bytes of the body.
    /// - Throws: only errors that may be reported before the signature holds: INVALID_JSON and LOT_TOO_LARGE (C1.7).
    public func feed(_ bytes: Span<UInt8>) throws(ServiceError) {
        if let failure { throw failure }
        do { try machine.read(bytes) } catch {
            failure = error
            throw error
        }
    }

    public func feed(_ bytes: [UInt8]) throws(ServiceError) { try feed(bytes.span) }

    /// Judges the complete body: the signature first (C1.1 to C1.4), then the size, then everything else (C1.7).
    /// `header` is X-Signature, which takes precedence over the body's `signature`;
    /// `respondAsync` is `Prefer: respond-async` (C2.1).
    public func finish(
        signature header: String?, respondAsync: Bool = false
    ) throws(ServiceError) -> GenerationRequest {
        if let failure { throw failure }
        try machine.checkEnd()
        return try verdict(header: header, respondAsync: respondAsync)
    }
}
