// Requests to external hosts and their answers, as values. Thread: any, except that a `ByteSource` is loop-bound.

/// One HTTP exchange with an external host.
public struct OutboundRequest {
    public var method = "GET"
    /// http or https.
    public var url: String
    /// Sent in addition to `Host`, `User-Agent`, `Accept: */*` and `Content-Length`,
    /// which curl adds unless they are listed.
    public var headers: [(String, String)] = []
    public var body: OutboundBody = .none
    /// Time limit of the whole exchange, from the call to the answer's last byte,
    /// including the wait for a free connection.
    public var timeoutSeconds: Double = 60
    /// Separate limit on the wait for a free connection, which then does not count towards `timeoutSeconds`. For a
    /// caller whose time-out must measure the receiver only.
    public var queueSeconds: Double?
    /// Time limit of connecting and the TLS handshake; the name lookup has its own limit.
    public var connectSeconds: Double = 5
    /// Fails at once if the host has not answered recent requests or its name could not be resolved recently. For a
    /// caller with many requests to hosts that clients named.
    public var avoidsSilentHosts = false
    /// Most bytes of the decoded body that ``HTTPClient/send(_:)`` collects. ``HTTPClient/open(_:)`` has no limit,
    /// because its memory is constant.
    public var maxResponseBytes: Int = 1024 * 1024
    /// C7: the addresses that may be connected to, checked on the address itself. nil means
    /// unrestricted, for the operator's own URLs.
    public var addresses: AddressPolicy?
    /// The addresses that a redirect to another host may lead to; nil means ``addresses``.
    public var addressesElsewhere: AddressPolicy?
    /// Most redirects followed, for GET and HEAD; every hop's address is checked. 0 returns a redirect as the answer.
    public var maxRedirects = 0
    public var acceptCompressed = false
    /// Uses a new connection, so that the request is sent at most once. curl repeats a request on its own if a kept
    /// connection is dead before the answer's first byte. Streamed bodies always use a new connection.
    public var neverRepeat = false

    public init(method: String = "GET", url: String, headers: [(String, String)] = [], body: OutboundBody = .none) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// A request with a body is never sent to a redirect's target.
    var followsRedirects: Bool {
        guard maxRedirects > 0, case .none = body else { return false }
        return method == "GET" || method == "HEAD"
    }
}

public enum OutboundBody {
    case none
    case bytes([UInt8])
    /// Exactly `length` bytes from `source`; any other number is ``OutboundError/Kind/sourceFailed``.
    case stream(length: Int, source: any ByteSource)
}

/// Supplies a body in pieces, as the socket drains. Loop-bound. Not called after the exchange has ended.
public protocol ByteSource: AnyObject {
    /// Returns the next bytes; nil at the end.
    func next() async throws -> [UInt8]?
}

/// An answer with its body in memory.
public struct OutboundResponse: Sendable {
    public let status: Int
    /// In the order of arrival.
    public let headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// The address that answered.
    public let address: String

    /// Returns the first header with this name, in any case.
    public func header(_ name: String) -> String? { OutboundHeaders.first(name, in: headers) }
}

enum OutboundHeaders {
    static func first(_ name: String, in headers: [(name: String, value: String)]) -> String? {
        headers.first { equal($0.name, name) }?.value
    }

    static func equal(_ a: String, _ b: String) -> Bool {
        ASCII.matches(a.utf8, b.utf8)
    }

    /// Rejects line breaks in a name or value, because they could add further headers.
    static func areSafe(_ headers: [(String, String)]) -> Bool {
        headers.allSatisfy { name, value in
            !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
                && !value.utf8.contains { $0 == 0 || $0 == 0x0A || $0 == 0x0D }
        }
    }
}
