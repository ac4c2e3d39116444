// A request's head: its bytes as received, and where its parts lie in them. A value; any thread.
import Engine

/// How a request's body is delimited.
public enum BodyFraming: Equatable, Sendable {
    case none
    /// Bytes, more than 0.
    case length(Int)
    case chunked
}

/// A request's line and fields. Text is made on demand only; bytes that are not UTF-8 are replaced in it.
public struct RequestHead: Sendable {
    struct Field: Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    let bytes: [UInt8]
    let methodRange: Range<Int>
    let targetRange: Range<Int>
    /// The target without scheme and authority, where it had them.
    let localRange: Range<Int>
    let fields: [Field]
    /// 0 or 1: HTTP/1.0 or HTTP/1.1.
    public let minorVersion: Int
    /// The client wants to send another request on this connection.
    public let keepAlive: Bool
    public let bodyFraming: BodyFraming
    /// The client waits for `100 Continue` before it sends the body.
    public let expectsContinue: Bool

    public var method: String { text(methodRange) }
    /// The request target as sent (what C1.5 signs).
    public var target: String { text(targetRange) }
    /// The path as sent, percent-encoding and all; `*` for `OPTIONS *`.
    public var path: String { text(localRange.lowerBound..<queryMark) }
    /// ``path``'s bytes.
    public var pathBytes: ArraySlice<UInt8> { bytes[localRange.lowerBound..<queryMark] }
    /// What follows the first `?`, raw; nil without one.
    public var query: String? {
        queryMark < localRange.upperBound ? text(queryMark + 1..<localRange.upperBound) : nil
    }
    public var version: String { minorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1" }

    /// The first field of that name, in any case of letters, without the white space around it.
    public func header(_ name: String) -> String? {
        value(of: name.utf8).map(text)
    }

    /// Every field of that name, in order.
    public func headers(_ name: String) -> [String] {
        fields.filter { ASCII.matches(bytes[$0.name], name.utf8) }.map { text($0.value) }
    }

    /// All fields in order, names as sent.
    public var headers: [(name: String, value: String)] {
        fields.map { (text($0.name), text($0.value)) }
    }

    /// The request target's bytes (C1.5).
    public var targetBytes: ArraySlice<UInt8> { bytes[targetRange] }

    /// True if the method is exactly `name`, e.g. `GET`.
    public func isMethod(_ name: StaticString) -> Bool {
        name.withUTF8Buffer { bytes[methodRange].elementsEqual($0) }
    }

    /// The bytes of the first field of that name.
    public func headerBytes(_ name: String) -> ArraySlice<UInt8>? { value(of: name.utf8).map { bytes[$0] } }

    func value(of name: some Collection<UInt8>) -> Range<Int>? {
        fields.first { $0.name.count == name.count && ASCII.matches(bytes[$0.name], name) }?.value
    }

    private var queryMark: Int { bytes[localRange].firstIndex(of: UInt8(ascii: "?")) ?? localRange.upperBound }
    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}

/// Why a request cannot be understood; answered with 400 or 431 and the connection closed.
public enum RequestProblem: Error, Equatable, Sendable {
    case tooLarge
    case malformed(String)
}
