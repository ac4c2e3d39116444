// What is asked of the outside and what comes back, as values. Thread: any, except that a `ByteSource` is loop-bound.

/// One HTTP exchange with the outside.
public struct OutboundRequest {
    public var method = "GET"
    /// http or https.
    public var url: String
    /// In addition to `Host`, `User-Agent`, `Accept: */*` and `Content-Length`, which are made unless named here.
    public var headers: [(String, String)] = []
    public var body: OutboundBody = .none
    /// The whole exchange, from the call to the last byte of the answer, the wait for a free connection included.
    public var timeoutSeconds: Double = 60
    /// Bounds the wait for a free connection by itself and takes it out of `timeoutSeconds`: for a caller whose
    /// time-out must measure the other side alone.
    public var queueSeconds: Double?
    /// Connecting and the TLS handshake; looking the name up has its own bound.
    public var connectSeconds: Double = 5
    /// Fails at once if the host has not answered lately, or its name could not be looked up a moment ago: for a caller
    /// with many requests for hosts that strangers named.
    public var avoidsSilentHosts = false
    /// Bound on the decoded body that ``HTTPClient/send(_:)`` collects. ``HTTPClient/open(_:)`` has none: its memory is
    /// constant.
    public var maxResponseBytes: Int = 1024 * 1024
    /// C7: who may be connected to, checked on the address itself. nil: unrestricted, for the operator's own URLs.
    public var addresses: AddressPolicy?
    /// Followed for GET and HEAD; every hop's address is checked. 0: a redirect is an answer like any other.
    public var maxRedirects = 0
    public var acceptCompressed = false
    /// curl repeats a request by itself when a kept connection turns out to be dead before the first byte of an answer.
    /// true: a connection of its own, so that the request is sent once or not at all. Streamed bodies always get one.
    public var neverRepeat = false

    public init(method: String = "GET", url: String, headers: [(String, String)] = [], body: OutboundBody = .none) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// A request with a body is not sent to somebody else.
    var followsRedirects: Bool {
        guard maxRedirects > 0, case .none = body else { return false }
        return method == "GET" || method == "HEAD"
    }
}

public enum OutboundBody {
    case none
    case bytes([UInt8])
    /// Exactly `length` bytes from `source`; more or less of them is ``OutboundError/Kind/sourceFailed``.
    case stream(length: Int, source: any ByteSource)
}

/// Gives a body piece by piece, as the socket drains. Loop-bound. Nobody calls it any more when the exchange has ended.
public protocol ByteSource: AnyObject {
    /// The next bytes; nil at the end.
    func next() async throws -> [UInt8]?
}

/// An answer with its body in memory.
public struct OutboundResponse: Sendable {
    public let status: Int
    /// In the order they came.
    public let headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// The address that answered.
    public let address: String

    /// The first header of this name, in any case.
    public func header(_ name: String) -> String? { OutboundHeaders.first(name, in: headers) }
}

enum OutboundHeaders {
    static func first(_ name: String, in headers: [(name: String, value: String)]) -> String? {
        headers.first { equal($0.name, name) }?.value
    }

    static func equal(_ a: String, _ b: String) -> Bool {
        ASCII.matches(a.utf8, b.utf8)
    }

    /// A line break in a name or a value would let it write further headers.
    static func areSafe(_ headers: [(String, String)]) -> Bool {
        headers.allSatisfy { name, value in
            !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
                && !value.utf8.contains { $0 == 0 || $0 == 0x0A || $0 == 0x0D }
        }
    }
}
