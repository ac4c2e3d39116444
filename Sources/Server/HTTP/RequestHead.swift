// The head of a request: its bytes as received, and the ranges of its parts. A value; any thread.
import Engine

/// How the end of a request's body is marked.
public enum BodyFraming: Equatable, Sendable {
    case none
    /// In bytes, more than 0.
    case length(Int)
    case chunked
}

/// The request line and the headers. Text is made on demand; bytes that are not UTF-8 are replaced in it.
public struct RequestHead: Sendable {
    struct Field: Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    let bytes: [UInt8]
    let methodRange: Range<Int>
    let targetRange: Range<Int>
    /// The target without scheme and authority.
    let localRange: Range<Int>
    let fields: [Field]
    /// 0 or 1, for HTTP/1.0 or HTTP/1.1.
    public let minorVersion: Int
    /// The client wants to send another request on this connection.
    public let keepAlive: Bool
    public let bodyFraming: BodyFraming
    /// The client waits for `100 Continue` before it sends the body.
    public let expectsContinue: Bool

    public var method: String { text(methodRange) }
    /// The request target as sent, which C1.5 signs.
    public var target: String { text(targetRange) }
    /// The path as sent, with its percent-encoding; `*` for `OPTIONS *`.
    public var path: String { text(localRange.lowerBound..<queryMark) }
    /// The bytes of ``path``.
    public var pathBytes: ArraySlice<UInt8> { bytes[localRange.lowerBound..<queryMark] }
    /// The bytes after the first `?`, undecoded; nil without one.
    public var query: String? {
        queryMark < localRange.upperBound ? text(queryMark + 1..<localRange.upperBound) : nil
    }
    public var version: String { minorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1" }

    /// The value of the first header with that name, without surrounding white space. The name is case-insensitive.
    public func header(_ name: String) -> String? {
        value(of: name.utf8).map(text)
    }

    /// The values of all headers with that name, in order.
    public func headers(_ name: String) -> [String] {
        fields.filter { ASCII.matches(bytes[$0.name], name.utf8) }.map { text($0.value) }
    }

    /// All headers in order, names as sent.
    public var headers: [(name: String, value: String)] {
        fields.map { (text($0.name), text($0.value)) }
    }

    /// The bytes of the request target (C1.5).
    public var targetBytes: ArraySlice<UInt8> { bytes[targetRange] }

    /// True if the method is exactly `name`, e.g. `GET`.
    public func isMethod(_ name: StaticString) -> Bool {
        name.withUTF8Buffer { bytes[methodRange].elementsEqual($0) }
    }

    /// The bytes of the first header with that name.
    public func headerBytes(_ name: String) -> ArraySlice<UInt8>? { value(of: name.utf8).map { bytes[$0] } }

    func value(of name: some Collection<UInt8>) -> Range<Int>? {
        fields.first { $0.name.count == name.count && ASCII.matches(bytes[$0.name], name) }?.value
    }

    private var queryMark: Int { bytes[localRange].firstIndex(of: UInt8(ascii: "?")) ?? localRange.upperBound }
    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}

/// Why a request cannot be parsed. The server replies with 400 or 431 and closes the connection.
public enum RequestProblem: Error, Equatable, Sendable {
    case tooLarge
    case malformed(String)
}
