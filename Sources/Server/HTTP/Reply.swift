// A complete reply in memory. A value; any thread.
import Engine

/// A reply with its complete body. Large replies are streamed with `Exchange.beginReply`.
public struct Reply: Sendable {
    public var status: Int
    /// Excludes the server's own headers: Content-Length, Transfer-Encoding, Connection, Date, X-Request-ID.
    public var headers: [(String, String)]
    public var body: [UInt8]

    public init(status: Int, headers: [(String, String)] = [], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// `value` as `application/json`.
    public static func json(_ status: Int, _ value: JSONValue, headers: [(String, String)] = []) -> Reply {
        Reply(status: status, headers: [("Content-Type", "application/json")] + headers, body: value.bytes)
    }
}
