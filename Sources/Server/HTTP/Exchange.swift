// One request and its reply, as a handler sees them. Thread: the loop's; callbacks come from the connection.
import Engine

/// Gets every request. Loop thread.
public protocol RequestHandler: AnyObject {
    /// The head of a request is complete. Must not block. Every exchange must be answered (or aborted): keep it until
    /// then; one that is dropped unanswered is answered with 500.
    func handle(_ exchange: Exchange)
    /// A request is over, or what came was none. For counting.
    func served(_ request: ServedRequest)
    /// So many connections are open now. For counting.
    func connections(_ count: Int)
}

extension RequestHandler {
    public func served(_ request: ServedRequest) {}
    public func connections(_ count: Int) {}
}

/// What became of a request. A value.
public struct ServedRequest: Equatable, Sendable {
    /// What the handler gave the exchange; 0 if it gave none.
    public var tag: Int
    /// Of the reply; nil if there was none, or it was broken off.
    public var status: Int?
    /// From the head's last byte to the reply's last one, handed to the socket; nil if there never was a request's
    /// head.
    public var nanoseconds: Int?

    public init(tag: Int, status: Int?, nanoseconds: Int?) {
        self.tag = tag
        self.status = status
        self.nanoseconds = nanoseconds
    }
}

/// Takes a request's body as it comes in. Loop thread. Held by the exchange until `bodyEnded` or `bodyFailed`, of
/// which at most one is called.
public protocol BodyReceiver: AnyObject {
    /// Some bytes, valid during the call.
    func body(_ bytes: Span<UInt8>)
    func bodyEnded()
    /// The body will not come. If no reply has been begun when this returns, the server answers (413, 408 or 400) by
    /// itself.
    func bodyFailed(_ failure: BodyFailure)
}

public enum BodyFailure: Error, Equatable, Sendable {
    /// More than the limit: nothing further is read (C3).
    case tooLarge
    /// A pause of more than `bodyPauseSeconds` (C3).
    case timedOut
    case clientClosed
    /// Its chunks cannot be parsed.
    case malformed
    /// Its content coding cannot be undone.
    case corrupted
}

/// The client went away, or the reply has been finished or aborted.
public struct ExchangeClosed: Error, Sendable {
    public init() {}
}

/// A request and the way to answer it. Loop-bound.
public final class Exchange {
    public let head: RequestHead
    public let loop: Loop
    /// The address of the other end of the connection: perhaps a proxy's.
    public let remote: IPAddress
    /// Added to every reply to this request, those that the server makes itself included (e.g. `RateLimit-*`).
    public var replyHeaders: [(String, String)] = []
    /// Called once if the client goes away before the reply is finished, also while nothing is being written; see also
    /// `isOpen`.
    public var whenClosed: (() -> Void)?

    private let identity: RequestID
    /// nil as soon as the exchange is over.
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

    /// The caller's `X-Request-ID` if it sent a sane one, else one of ours; every reply carries it (C4.1).
    public var requestID: String { identity.text }
    public var bodyFraming: BodyFraming { head.bodyFraming }
    /// The client is there and the reply is not finished.
    public var isOpen: Bool { connection != nil }
    /// Bytes of the reply that the client has not taken yet.
    public var unsentBytes: Int { connection?.unsentBytes ?? 0 }

    /// Marks the exchange with what ``RequestHandler/served(_:)`` is to know of it.
    public func mark(_ tag: Int) { connection?.reply.tag = tag }

    // MARK: Request body

    /// Has the body sent to `receiver`; at most once, and before a reply is begun. Sends `100 Continue` if the client
    /// waits for it. A body longer than `limit` bytes fails as `.tooLarge`: at once and before any of it is read if
    /// its length is given (C3).
    public func receiveBody(limit: Int, into receiver: any BodyReceiver) {
        guard let connection else { return receiver.bodyFailed(.clientClosed) }
        connection.receiveBody(of: self, limit: limit, into: receiver)
    }

    /// Stops `body(_:)` calls at once and the reading of the socket with them, so that the sender is held back.
    public func pauseBody() { connection?.pauseBody() }

    public func resumeBody() { connection?.resumeBody() }

    /// The whole body in memory. For small bodies.
    public func collectBody(limit: Int) async throws(BodyFailure) -> [UInt8] {
        let collector = BodyCollector()
        let result: Result<[UInt8], BodyFailure>
        do {
            result = try await loop.park { ticket in
                collector.ticket = ticket
                receiveBody(limit: limit, into: collector)
            }
        } catch {
            throw .clientClosed  // the task was cancelled: nobody wants the body any more
        }
        return try result.get()
    }

    // MARK: Reply

    /// Sends a whole reply with its length and finishes the exchange. Ignored if a reply was begun before or the
    /// client is gone.
    public func respond(_ reply: Reply) {
        connection?.respond(reply, more: replyHeaders)
    }

    /// Begins a reply that is written piece by piece. `length`: of its body in bytes; nil: chunked (for HTTP/1.0
    /// clients: until the connection closes). Ignored if a reply was begun before or the client is gone.
    public func beginReply(status: Int, headers: [(String, String)], length: Int?) {
        connection?.beginReply(status: status, headers: headers, length: length, more: replyHeaders)
    }

    /// Sends a piece of the body; suspends while more than `unsentMax` bytes are unsent. To a HEAD request nothing is
    /// sent.
    /// - Throws: `ExchangeClosed` when the client has gone or the task was cancelled.
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

    /// Ends a reply. If fewer bytes than its length were written, the connection is broken off instead.
    public func finishReply() { connection?.finishReply() }

    /// Breaks the connection off, so that the client sees that its reply is not complete.
    public func abort() { connection?.abort() }

    // MARK: For the connection

    func resumeWriters(open: Bool) {
        let waiting = writers
        writers = []
        for writer in waiting { writer.resume(open) }
    }

    /// The exchange is over; `gone`: before its reply was.
    func end(gone: Bool) {
        connection = nil
        resumeWriters(open: false)
        let hook = whenClosed
        whenClosed = nil
        if gone { hook?() }
    }
}

/// Gathers a small body.
private final class BodyCollector: BodyReceiver {
    var ticket: Ticket<Result<[UInt8], BodyFailure>>?
    private var bytes: [UInt8] = []

    func body(_ bytes: Span<UInt8>) { self.bytes.append(copying: bytes) }
    func bodyEnded() { ticket?.resume(.success(bytes)) }
    func bodyFailed(_ failure: BodyFailure) { ticket?.resume(.failure(failure)) }
}
