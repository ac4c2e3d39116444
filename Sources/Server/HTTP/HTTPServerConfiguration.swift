// The listening address of the HTTP server, and its limits. Values; any thread.
import Engine

/// A numeric address (or `localhost`) and a port; port 0 means any free port.
public struct BindAddress: Sendable, Equatable {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Parses `0.0.0.0:5000` or `[::]:5000`; nil for anything else (C8 `BIND`).
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else { return nil }
        let host = String(text[..<colon])
        guard SocketAddress(host: host, port: port) != nil else { return nil }
        self.init(host: host, port: port)
    }
}

/// The server cannot listen.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    public let address: BindAddress
    public let reason: String
    public var description: String { "cannot listen on \(address.host):\(address.port): \(reason)" }
}

/// Limits of the HTTP server; the defaults come from docs/CONTRACT.md (C3).
public struct HTTPServerConfiguration: Sendable {
    /// Largest request head, in bytes, including its request line and its final empty line (C3).
    public var headBytes = Limits.headBytes
    /// Longest time from a head's first byte to its last, in seconds (C3).
    public var headSeconds = Limits.headSeconds
    /// Longest pause within a request body, in seconds (C3).
    public var bodyPauseSeconds = Limits.bodyPauseSeconds
    /// Longest idle time of a connection, in seconds (C3).
    public var idleSeconds = Limits.idleSeconds
    /// Longest time in which a client reads nothing of a waiting reply, in seconds.
    public var sendSeconds = 60.0
    /// Total time for discarding the rest of a request after an early reply, in seconds. Closing at once could destroy
    /// the reply by a reset.
    public var lingerSeconds = 30.0
    /// Limit of the bytes discarded after an early reply.
    public var lingerBytes = 256 * 1024 * 1024
    /// A body that the handler did not request is read and discarded up to this length; beyond it the connection
    /// closes.
    public var skippedBodyBytes = 64 * 1024
    /// Bytes of pipelined requests kept during a request; reading stops above it (one read may exceed it).
    public var pipelinedBytes = Loop.readBufferBytes
    /// Unsent bytes of a reply above which `Exchange.write` suspends.
    public var unsentMax = 256 * 1024
    /// Limit of open connections. Beyond it the listener closes the longest idle one, or refuses the new one.
    public var maxConnections = 10_000
    /// Limit of open connections per client and loop. Beyond it the listener closes the client's longest idle
    /// connection, or refuses its new one. Other clients are not affected. See ``ClientConnections``.
    public var connectionsPerClient = Int.max
    /// Proxies that connect for many clients: exempt from `connectionsPerClient`.
    public var trustedProxies: [CIDR] = []
    /// Makes the replies to protocol errors (C3, C4).
    public var errorReply: @Sendable (_ error: ServiceError, _ requestID: String) -> Reply = {
        ErrorReply.make($0, requestID: $1)
    }

    public init() {}
}
