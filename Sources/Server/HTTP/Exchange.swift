// One request and its reply, as a handler sees them. Thread: the loop's; the connection makes the callbacks.
import Engine

/// Receives every request. Loop thread.
public protocol RequestHandler: AnyObject {
    /// Handles a request whose head is complete. Must not block. Keep the exchange until it is answered or aborted: an
    /// exchange released earlier gets a 500 reply.
    func handle(_ exchange: Exchange)
    /// Reports the end of a request, or bytes that are not a request. For metrics.
    func served(_ request: ServedRequest)
    /// Reports the number of open connections. For metrics.
    func connections(_ count: Int)
}

extension RequestHandler {
    public func served(_ request: ServedRequest) {}
    public func connections(_ count: Int) {}
}

/// The outcome of a request. A value.
public struct ServedRequest: Equatable, Sendable {
    /// The tag that the handler gave the exchange; 0 without one.
    public var tag: Int
    /// Status of the reply; nil if there was none or it was cut off.
    public var status: Int?
    /// From the head's last byte to the moment when the reply's last byte is handed to the socket; nil without a
    /// complete head.
    public var nanoseconds: Int?

    public init(tag: Int, status: Int?, nanoseconds: Int?) {
        self.tag = tag
        self.status = status
        self.nanoseconds = nanoseconds
    }
}

/// Receives a request's body. Loop thread. The exchange holds it until `bodyEnded` or `bodyFailed`; at most one of the
/// two is called.
public protocol BodyReceiver: AnyObject {
    /// Receives some bytes, valid during the call.
    func body(_ bytes: Span<UInt8>)
    func bodyEnded()
    /// Reports that the body will not be complete. If no reply has begun when this returns, the server itself replies
    /// with 413, 408 or 400.
    func bodyFailed(_ failure: BodyFailure)
}

public enum BodyFailure: Error, Equatable, Sendable {
    /// The body is longer than the limit; the rest is not read (C3).
    case tooLarge
    /// The client paused for more than `bodyPauseSeconds` (C3).
    case timedOut
    case clientClosed
    /// The chunks cannot be parsed.
    case malformed
    /// The content coding cannot be decoded.
    case corrupted
}

/// The client has disconnected, or the reply has been finished or aborted.
public struct ExchangeClosed: Error, Sendable {
    public init() {}
}

/// A request and its reply. Loop-bound.
public final class Exchange {
    public let head: RequestHead
    public let loop: Loop
    /// The address of the peer, which may be a proxy.
    public let remote: IPAddress
    /// Headers of every reply to this request, including the server's own error replies (e.g. `RateLimit-*`).
    public var replyHeaders: [(String, String)] = []
    /// Called once if the client disconnects before the reply is finished, even while nothing is being written. See
    /// also `isOpen`.
    public var whenClosed: (() -> Void)?

    private let identity: RequestID
    /// Nil once the exchange is over.
    private var connection: Connection?
    private var writers: [Ticket<Bool>] = []

    init(_ head: RequestHead, _ identity: RequestID, _ connection: Connection) {
        self.head = head
        self.identity = identity
        self.connection = connection
        loop = connection.loop
        remote = connection.remote
    }

    deinit { connection?.exchangeDropped() }

    /// The client's `X-Request-ID` if it is valid, else a generated one. Every reply carries it (C4.1).
    public var requestID: String { identity.text }
    public var bodyFraming: BodyFraming { head.bodyFraming }
    /// True while the client is connected and the reply is not finished.
    public var isOpen: Bool { connection != nil }
    /// Bytes of the reply that the socket has not sent yet.
    public var unsentBytes: Int { connection?.unsentBytes ?? 0 }

    /// Sets the tag that the handler gets back in ``RequestHandler/served(_:)``.
    public func mark(_ tag: Int) { connection?.reply.tag = tag }

    // MARK: Request body

    /// Reads the body into `receiver`. Call it at most once, before a reply begins. Sends `100 Continue` if the client
    /// waits for it. A body longer than `limit` bytes fails with `.tooLarge`: immediately, before any of it is read, if
    /// its length is known (C3).
    public func receiveBody(limit: Int, into receiver: any BodyReceiver) {
        guard let connection else { return receiver.bodyFailed(.clientClosed) }
        connection.receiveBody(of: self, limit: limit, into: receiver)
    }

    /// Stops the `body(_:)` calls and the reading of the socket immediately, which makes TCP slow down the client.
    public func pauseBody() { connection?.pauseBody() }

    public func resumeBody() { connection?.resumeBody() }

    /// The whole body in memory. For small bodies only.
    public func collectBody(limit: Int) async throws(BodyFailure) -> [UInt8] {
        let collector = BodyCollector()
        let result: Result<[UInt8], BodyFailure>
        do {
            result = try await loop.park { ticket in
                collector.ticket = ticket
                receiveBody(limit: limit, into: collector)
            }
        } catch {
            throw .clientClosed  // the task was cancelled, so the body is not needed any more
        }
        return try result.get()
    }

    // MARK: Reply

    /// Sends a complete reply with its length and finishes the exchange. Does nothing if a reply has begun or the
    /// client has disconnected.
    public func respond(_ reply: Reply) {
        connection?.respond(reply, more: replyHeaders)
    }

    /// Begins a reply that is written in pieces. Does nothing if a reply has begun or the client has disconnected.
    /// - Parameter length: of the body in bytes; nil for a chunked body. For an HTTP/1.0 client such a body ends with
    ///   the connection.
    public func beginReply(status: Int, headers: [(String, String)], length: Int?) {
        connection?.beginReply(status: status, headers: headers, length: length, more: replyHeaders)
    }

    /// Sends a piece of the body; suspends while more than `unsentMax` bytes are unsent. For a HEAD request it sends
    /// nothing.
    /// - Throws: `ExchangeClosed` if the client has disconnected or the task was cancelled.
    public func write(_ bytes: [UInt8]) async throws(ExchangeClosed) {
        guard let connection else { throw ExchangeClosed() }
        connection.writeBody(bytes)
        guard connection.isCrowded else { return }
        let open: Bool
        do {
            open = try await loop.park { (ticket: Ticket<Bool>) in writers.append(ticket) }
        } catch {
            throw ExchangeClosed()
        }
        if !open { throw ExchangeClosed() }
    }

    /// Finishes a reply. Resets the connection if fewer bytes than the announced length were written.
    public func finishReply() { connection?.finishReply() }

    /// Resets the connection, so the client notices that its reply is incomplete.
    public func abort() { connection?.abort() }

    // MARK: For the connection

    func resumeWriters(open: Bool) {
        let waiting = writers
        writers = []
        for writer in waiting { writer.resume(open) }
    }

    /// Ends the exchange.
    /// - Parameter gone: the client disconnected before the reply was complete.
    func end(gone: Bool) {
        connection = nil
        resumeWriters(open: false)
        let hook = whenClosed
        whenClosed = nil
        if gone { hook?() }
    }
}

/// Collects a small body.
private final class BodyCollector: BodyReceiver {
    var ticket: Ticket<Result<[UInt8], BodyFailure>>?
    private var bytes: [UInt8] = []

    func body(_ bytes: Span<UInt8>) { self.bytes.append(copying: bytes) }
    func bodyEnded() { ticket?.resume(.success(bytes)) }
    func bodyFailed(_ failure: BodyFailure) { ticket?.resume(.failure(failure)) }
}
