// The outgoing half of a connection: serializes replies. Thread: the loop's.
import Engine

/// How the reply to the current request is written.
struct ReplyState {
    var minorVersion = 1
    var isHead = false
    var requestID = RequestID.made(0, 0)
    /// Status of the reply that has begun.
    var status = 0
    /// See ``Exchange/mark(_:)``.
    var tag = 0
    /// When the request's head was complete, in nanoseconds of a monotonic clock.
    var begunNanoseconds = 0
    var framing = ReplyFraming.none
    /// Remaining bytes of a reply with a known length.
    var left = 0
}

extension Connection {
    /// Bodies up to this size are sent in one piece with their head.
    private static let joinedBytes = 16 * 1024

    var unsentBytes: Int { out.count + stream.unsentBytes }

    func respond(_ whole: Reply, more: [(String, String)]) {
        enter {
            guard !machine.replyIsBegun else { return }
            begin(whole.status, whole.headers, length: whole.body.count, more, whole: true)
            writeBody(whole.body)
            finishReply()
        }
    }

    func beginReply(status: Int, headers: [(String, String)], length: Int?, more: [(String, String)]) {
        enter {
            guard !machine.replyIsBegun else { return }
            begin(status, headers, length: length, more, whole: false)
        }
    }

    private func begin(
        _ status: Int, _ headers: [(String, String)], length: Int?, _ more: [(String, String)], whole: Bool
    ) {
        precondition((200...599).contains(status), "not the status of a final reply")
        if status == 204 || status == 304 {
            reply.framing = .none
        } else if let length {
            reply.framing = .length(length)
        } else {
            reply.framing = reply.minorVersion == 1 ? .chunked : .untilClose
        }
        reply.left = reply.isHead ? 0 : length ?? 0
        reply.status = status
        apply(.replyBegun(whole: whole, closes: reply.framing == .untilClose))
        let head = ReplyHead(
            status: status, framing: reply.framing, keepAlive: machine.keepAlive, minorVersion: reply.minorVersion)
        head.write(
            to: &out, date: listener.dateLine.bytes(), requestID: reply.requestID, headers: headers, more: more)
    }

    func writeBody(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, !reply.isHead, machine.replyIsBegun else { return }
        enter {
            switch reply.framing {
            case .none: return
            case .untilClose: send(bytes)
            case .chunked:
                out.append(hexadecimal: UInt64(bytes.count), digits: (67 - UInt64(bytes.count).leadingZeroBitCount) / 4)
                out.append(contentsOf: "\r\n".utf8)
                send(bytes)
                out.append(contentsOf: "\r\n".utf8)
            case .length:
                // The client would take more bytes than announced for the next reply.
                if bytes.count > reply.left { return abort() }
                reply.left -= bytes.count
                send(bytes)
            }
            measure()
        }
    }

    func finishReply() {
        enter {
            guard machine.replyIsBegun, let exchange else { return }
            if case .length = reply.framing, reply.left > 0, !reply.isHead { return abort() }
            if reply.framing == .chunked, !reply.isHead { out.append(contentsOf: "0\r\n\r\n".utf8) }
            self.exchange = nil
            body.receiver = nil
            renewsWait = true
            exchange.end(gone: false)
            tellServed(reply.status)
            measure()
            apply(.replyFinished)
        }
    }

    func abort() {
        enter {
            let exchange = exchange
            self.exchange = nil
            out = []
            if let exchange {
                exchange.end(gone: false)
                tellServed(nil)
            }
            body.receiver = nil
            apply(.aborted)
        }
    }

    /// Reports the end of an exchange to the handler, once per exchange.
    /// - Parameter status: of a finished reply; nil without one.
    func tellServed(_ status: Int?) {
        let nanoseconds = Monotonic.nanoseconds() - reply.begunNanoseconds
        listener.handler.served(ServedRequest(tag: reply.tag, status: status, nanoseconds: nanoseconds))
    }

    /// Called by the deinit of an exchange that was released without a reply. The exchange must not be used here.
    func exchangeDropped() {
        loop.assertOnLoop()
        exchange = nil
        enter {
            if machine.replyIsBegun {
                tellServed(nil)
                return abort()
            }
            let error = ServiceError(.internalError, "The service failed to answer the request.")
            let whole = configuration.errorReply(error, reply.requestID.text)
            begin(whole.status, whole.headers, length: whole.body.count, [], whole: true)
            writeBody(whole.body)
            body.receiver = nil
            tellServed(whole.status)
            apply(.replyFinished)
        }
    }

    /// Answers bytes that are not a request. The caller then ends the connection.
    func refuse(_ error: ServiceError) {
        let id = listener.requestIDs.next()
        let whole = configuration.errorReply(error, id.text)
        let head = ReplyHead(
            status: whole.status, framing: .length(whole.body.count), keepAlive: false, minorVersion: 1)
        head.write(to: &out, date: listener.dateLine.bytes(), requestID: id, headers: whole.headers, more: [])
        out.append(contentsOf: whole.body)
        listener.handler.served(ServedRequest(tag: 0, status: whole.status, nanoseconds: nil))
    }

    private func send(_ bytes: [UInt8]) {
        guard bytes.count > Connection.joinedBytes else { return out.append(contentsOf: bytes) }
        let before = out
        out = []
        stream.write(before.span, bytes.span)
    }

    func flush() {
        guard !out.isEmpty else { return }
        var bytes = out
        out = []
        stream.write(bytes.span)
        // The storage is reused unless a large reply has made it large.
        if bytes.capacity > 4 * Connection.joinedBytes { return }
        bytes.removeAll(keepingCapacity: true)
        out = bytes
    }
}
