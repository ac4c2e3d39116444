// A whole reply in memory. A value; any thread.
import Engine

/// A reply with its whole body; large ones are streamed with `Exchange.beginReply` instead.
public struct Reply: Sendable {
    public var status: Int
    /// Without those the server makes itself: Content-Length, Transfer-Encoding, Connection, Date, X-Request-ID.
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
