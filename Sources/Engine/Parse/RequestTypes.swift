// What goes into and comes out of a RequestReader. Pure values. Thread: any.

/// How a request is judged.
public struct RequestReaderConfiguration: Sendable {
    /// `MAX_BATCH_SIZE` (C3).
    public var maxLots: Int
    /// `ACCEPT_NODE_EXAMPLE_SIGNATURES` (C1.4).
    public var acceptNodeExample: Bool
    /// Which addresses image and webhook URLs may name (C3.3).
    public var addressPolicy: AddressPolicy
    /// Whether the raw body is hashed: for a signature in the header (C1.3), or to know the body again (C2.7).
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

/// Takes the valid lots while the request is still being read. Nothing of it may become visible before `finish` has
/// returned (C1.7).
public protocol LotSink: AnyObject {
    /// The lots come in order, at most `maxLots`, and none any more once a lot was found invalid.
    func accept(_ row: LotRow)
    /// A second `lots` member began: what was accepted so far does not count (C1.2).
    func reset()
}

/// A request whose signature holds and whose fields are valid.
public struct GenerationRequest: Equatable, Sendable {
    /// As sent (C2.2).
    public var version: String
    /// As sent, 1 to 10 (C2.3).
    public var languages: [String]
    public var lotCount: Int
    public var imageCount: Int
    /// Whether any lot names a webhook.
    public var webhookConfigured: Bool
    /// The lot, if there is exactly one.
    public var singleLot: Lot?
    /// Whether it is to be answered in synchronous mode (C2.1).
    public var isSynchronous: Bool
    /// Of the body's bytes: tells the same body from another one (C2.7). One for each key in force; none if the body
    /// was not hashed.
    public var fingerprints: [Digest]
}

/// Bounds of what a reader keeps of a body (C3; constant memory).
enum ReaderBounds {
    /// Bytes of a top-level key: longer ones cannot be ours.
    static let keyBytes = 64
    /// Bytes of `signature`, `languages` or `version`, as received.
    static let memberBytes = 64 * 1024
    /// Characters of `version`, which is stored and echoed.
    static let versionCharacters = 64
    /// Characters of a URL or code that an error repeats.
    static let echoCharacters = 2048
    /// Buffers that grew over this for one large lot are given back after it.
    static let keptBufferBytes = 256 * 1024
}
