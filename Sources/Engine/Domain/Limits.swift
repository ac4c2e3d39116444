// Every number of the contract, with its unit and its rule.

/// The contract's fixed limits (C2, C3). Settings that operators may change live in `Config`.
public enum Limits {
    /// Largest request body after decompression (C3).
    public static let bodyBytes = 200 * 1024 * 1024
    /// Largest JSON text of one lot, as received (C3).
    public static let lotBytes = 1024 * 1024
    /// Deepest nesting inside a lot, the lot itself being 1 (C3).
    public static let lotNesting = 64
    /// Lots in one request, unless `MAX_BATCH_SIZE` says less (C3).
    public static let lotsPerRequest = 50_000
    /// Images of a lot in synchronous mode (C3).
    public static let imagesPerSynchronousLot = 20
    /// One image (C3).
    public static let imageBytes = 10 * 1024 * 1024
    /// Languages of a request (C2.2).
    public static let languages = 10
    /// Characters of a `lot_id` (C2.2).
    public static let lotIDCharacters = 255
    /// Entries of a list in an error's `details` (C3.4).
    public static let detailEntries = 100
    /// Bytes of a request head (C3).
    public static let headBytes = 16 * 1024
    /// Seconds for a request head to be complete (C3).
    public static let headSeconds = 30.0
    /// Longest pause within a request body, seconds (C3).
    public static let bodyPauseSeconds = 60.0
    /// Longest idle time of a connection, seconds (C3).
    public static let idleSeconds = 75.0
    /// Connections that one client may have open on one loop.
    public static let connectionsPerClient = 512
    /// A synchronous request ends within this, seconds (C2.6).
    public static let synchronousSeconds = 300.0
    /// Lines of a file for an OpenAI batch (C5.4).
    public static let batchFileLines = 50_000
    /// Bytes of a file for an OpenAI batch (C3.5).
    public static let batchFileBytes = 190_000_000
    /// Redirects followed while an image is fetched (C7).
    public static let imageRedirects = 3
    /// Shortest `SHARED_KEY`, characters (C1.6).
    public static let sharedKeyCharacters = 32
}
