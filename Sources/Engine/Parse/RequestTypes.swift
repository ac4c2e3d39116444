// Input and output types of a RequestReader. Pure values. Thread: any.

/// Settings of the judgement.
public struct RequestReaderConfiguration: Sendable {
    /// `MAX_BATCH_SIZE` (C3).
    public var maxLots: Int
    /// `ACCEPT_NODE_EXAMPLE_SIGNATURES` (C1.4).
    public var acceptNodeExample: Bool
    /// Decides which addresses image and webhook URLs may name (C3.3).
    public var addressPolicy: AddressPolicy
    /// True to hash the raw body: for a signature in the header (C1.3), or to recognise the body again (C2.7).
    public var hashesBody: Bool

    public init(
        maxLots: Int = Limits.lotsPerRequest, acceptNodeExample: Bool = false,
        addressPolicy: AddressPolicy = AddressPolicy(), hashesBody: Bool = true
    ) {
        self.maxLots = maxLots
        self.acceptNodeExample = acceptNodeExample
        self.addressPolicy = addressPolicy
        self.hashesBody = hashesBody
    }
}

/// Receives the valid lots while the request is still being read. They must stay
/// invisible until `finish` has returned (C1.7).
public protocol LotSink: AnyObject {
    /// Takes a lot. Lots come in order, at most `maxLots`, and none after an invalid one.
    func accept(_ row: LotRow)
    /// Drops the lots accepted so far, because a second `lots` member began (C1.2).
    func reset()
}

/// A request with a valid signature and valid fields.
public struct GenerationRequest: Equatable, Sendable {
    /// As sent (C2.2).
    public var version: String
    /// As sent, 1 to 10 (C2.3).
    public var languages: [String]
    public var lotCount: Int
    public var imageCount: Int
    /// True if any lot names a webhook.
    public var webhookConfigured: Bool
    /// The lot, if there is exactly one.
    public var singleLot: Lot?
    /// True if the request is answered in synchronous mode (C2.1).
    public var isSynchronous: Bool
    /// Fingerprints of the body's bytes, to recognise the same body (C2.7). One per key in
    /// force; empty if the body was not hashed.
    public var fingerprints: [Digest]
}

/// Bounds of the data that a reader keeps of a body (C3; constant memory).
enum ReaderBounds {
    /// Most bytes of a top-level key; a longer key is none of the known ones.
    static let keyBytes = 64
    /// Most bytes of `signature`, `languages` or `version`, as received.
    static let memberBytes = 64 * 1024
    /// Most characters of `version`, which is stored and echoed.
    static let versionCharacters = 64
    /// Most characters of a URL or code that an error repeats.
    static let echoCharacters = 2048
    /// A buffer that one large lot made larger than this is freed after the lot.
    static let keptBufferBytes = 256 * 1024
}
