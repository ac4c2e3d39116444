// Where the HTTP server listens and every bound it keeps to. Values; any thread.
import Engine

/// A numeric address (or `localhost`) and a port; port 0 takes any free one.
public struct BindAddress: Sendable, Equatable {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// From `0.0.0.0:5000` or `[::]:5000`; nil if it is not that (C8 `BIND`).
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else { return nil }
        let host = String(text[..<colon])
        guard SocketAddress(host: host, port: port) != nil else { return nil }
        self.init(host: host, port: port)
    }
}

/// The server could not listen.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    public let address: BindAddress
    public let reason: String
    public var description: String { "cannot listen on \(address.host):\(address.port): \(reason)" }
}

/// Bounds of the HTTP server; the defaults are the contract's (C3).
public struct HTTPServerConfiguration: Sendable {
    /// Bytes of a request head with its request line and last empty line (C3).
    public var headBytes = Limits.headBytes
    /// Seconds from a head's first byte to its last (C3).
    public var headSeconds = Limits.headSeconds
    /// Longest pause within a request body, seconds (C3).
    public var bodyPauseSeconds = Limits.bodyPauseSeconds
    /// How long a connection may be idle, seconds (C3).
    public var idleSeconds = Limits.idleSeconds
    /// How long a client may take nothing of a reply that waits for it, seconds.
    public var sendSeconds = 60.0
    /// After an early reply: how long, in all, the rest of the request is thrown away so that the reply is not lost to
    /// a reset.
    public var lingerSeconds = 30.0
    /// After an early reply: how many bytes are thrown away at most.
    public var lingerBytes = 256 * 1024 * 1024
    /// A body that nobody asked for is read past, rather than the connection closed, up to this length.
    public var skippedBodyBytes = 64 * 1024
    /// Bytes of pipelined requests kept while one is handled; reading stops above it (one read may exceed it).
    public var pipelinedBytes = Loop.readBufferBytes
    /// Unsent bytes of a reply above which `Exchange.write` suspends.
    public var unsentMax = 256 * 1024
    /// Open connections; beyond it the one idle longest is closed, or the new one refused.
    public var maxConnections = 10_000
    /// Open connections of one client on one loop; beyond it that client's own longest idle one is closed, or its new
    /// one refused, so that nobody is put out by another's. See ``ClientConnections``.
    public var connectionsPerClient = Int.max
    /// Whoever connects from here connects for many.
    public var trustedProxies: [CIDR] = []
    /// What protocol errors (C3, C4) look like.
    public var errorReply: @Sendable (_ error: ServiceError, _ requestID: String) -> Reply = {
        ErrorReply.make($0, requestID: $1)
    }

    public init() {}
}
