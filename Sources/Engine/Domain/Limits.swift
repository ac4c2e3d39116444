// Every number of the contract, with its unit and its rule.

/// The contract's fixed limits (C2, C3). Settings that operators may change live in `Config`.
public enum Limits {
    /// Largest request body after decompression (C3).
    public static let bodyBytes = 200 * 1024 * 1024
    /// Largest JSON text of one lot, as received (C3).
    public static let lotBytes = 1024 * 1024
    /// Deepest nesting inside a lot; the lot itself is 1 (C3).
    public static let lotNesting = 64
    /// Most lots in one request, unless `MAX_BATCH_SIZE` is lower (C3).
    public static let lotsPerRequest = 50_000
    /// Most images of a lot in synchronous mode (C3).
    public static let imagesPerSynchronousLot = 20
    /// Largest image, bytes (C3).
    public static let imageBytes = 10 * 1024 * 1024
    /// Most languages of a request (C2.2).
    public static let languages = 10
    /// Most characters of a `lot_id` (C2.2).
    public static let lotIDCharacters = 255
    /// Most entries of a list in an error's `details` (C3.4).
    public static let detailEntries = 100
    /// Largest request head, bytes (C3).
    public static let headBytes = 16 * 1024
    /// Longest time until a request head is complete, seconds (C3).
    public static let headSeconds = 30.0
    /// Longest pause within a request body, seconds (C3).
    public static let bodyPauseSeconds = 60.0
    /// Longest idle time of a connection, seconds (C3).
    public static let idleSeconds = 75.0
    /// Most open connections per client on one loop.
    public static let connectionsPerClient = 512
    /// Longest synchronous request, seconds (C2.6).
    public static let synchronousSeconds = 300.0
    /// Most lines of a file for an OpenAI batch (C5.4).
    public static let batchFileLines = 50_000
    /// Largest file for an OpenAI batch, bytes (C3.5).
    public static let batchFileBytes = 190_000_000
    /// Most redirects followed while an image is fetched (C7).
    public static let imageRedirects = 3
    /// Shortest `SHARED_KEY`, characters (C1.6).
    public static let sharedKeyCharacters = 32
}
