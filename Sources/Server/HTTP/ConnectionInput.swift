// The incoming half of a connection: parses heads and bodies. Thread: the loop's.
import Engine

/// How the current request's body is read.
struct BodyIntake {
    var receiver: (any BodyReceiver)?
    /// Remaining bytes of a body with a known length.
    var left = 0
    var received = 0
    var limit = Int.max
    /// Set while a chunked body arrives.
    var parser: LLHTTPParser?
    /// Why the sink refused a chunk while the parser was running.
    var failure: BodyFailure?
}

extension Connection {
    // MARK: Bytes

    /// Uses the bytes that the machine accepts now and keeps the rest.
    func take(_ bytes: Span<UInt8>) {
        let used = pendingStart < pending.count ? 0 : consume(bytes)
        guard used < bytes.count else { return }
        if pendingStart > 0 {
            pending.removeFirst(pendingStart)
            pendingStart = 0
        }
        pending.append(copying: bytes.extracting(used..<bytes.count))
    }

    /// Uses the bytes that had to wait.
    func pump() {
        while pendingStart < pending.count, machine.appetite != .nothing {
            let waiting = pending
            pendingStart += consume(waiting.span.extracting(pendingStart..<waiting.count))
        }
        if pendingStart > 0, pendingStart >= pending.count {
            pending = []
            pendingStart = 0
        }
    }

    private func consume(_ bytes: Span<UInt8>) -> Int {
        var used = 0
        while used < bytes.count {
            let rest = bytes.extracting(used..<bytes.count)
            switch machine.appetite {
            case .head: used += takeHead(rest)
            case .body: used += takeBody(rest)
            case .waste:
                waste(rest.count)
                return bytes.count
            case .nothing: return used
            }
        }
        return used
    }

    /// Discards the rest of a request after an early reply, up to `lingerBytes`.
    private func waste(_ count: Int) {
        body.received += count
        if body.received > configuration.lingerBytes { apply(.lingerSpent) }
    }

    // MARK: Head

    private func takeHead(_ bytes: Span<UInt8>) -> Int {
        if machine.isIdle {
            renewsWait = true
            apply(.headBytes)
            collector = HeadCollector(limit: configuration.headBytes)
        }
        var consumed = 0
        do throws(RequestProblem) {
            guard try collector?.feed(bytes, consumed: &consumed) == .complete, let whole = collector?.bytes else {
                return consumed
            }
            collector = nil
            let parser = listener.takeParser()
            defer { if body.parser !== parser { listener.giveBack(parser) } }
            let head = try RequestHead(whole, parser: parser)
            if head.bodyFraming == .chunked { body.parser = parser }
            begin(head)
        } catch {
            collector = nil
            refuse(Connection.error(error, configuration))
            apply(.refused)
        }
        return consumed
    }

    private static func error(_ problem: RequestProblem, _ configuration: HTTPServerConfiguration) -> ServiceError {
        switch problem {
        case .tooLarge:
            ServiceError(.headersTooLarge, "The request head is larger than \(configuration.headBytes) bytes.")
        case .malformed(let reason): ServiceError(.badRequest, "The request is malformed: \(reason).")
        }
    }

    private func begin(_ head: RequestHead) {
        let parser = body.parser
        body = BodyIntake()
        body.parser = parser
        var request = HTTPConnectionMachine.Request(keepAlive: head.keepAlive, hasBody: true)
        switch head.bodyFraming {
        case .none: request.hasBody = false
        case .length(let length):
            body.left = length
            request.short = length <= configuration.skippedBodyBytes
        case .chunked: break
        }
        request.expectsContinue = head.expectsContinue
        let id = head.headerBytes("X-Request-ID").flatMap { RequestID(sane: $0) } ?? listener.requestIDs.next()
        reply = ReplyState(minorVersion: head.minorVersion, isHead: head.isMethod("HEAD"), requestID: id)
        reply.begunNanoseconds = Monotonic.nanoseconds()
        let exchange = Exchange(head, id, self)
        self.exchange = exchange
        withExtendedLifetime(exchange) { apply(.head(request)) }
    }

    // MARK: Body

    func receiveBody(of exchange: Exchange, limit: Int, into receiver: any BodyReceiver) {
        enter {
            guard machine.bodyIsUnasked else {
                switch exchange.bodyFraming {
                case .none: return receiver.bodyEnded()
                case .length, .chunked:
                    return receiver.bodyFailed(.clientClosed)  // the reply has begun, so the body will not be read
                }
            }
            body.receiver = receiver
            body.limit = limit
            if body.left > limit {
                apply(.bodyFailed)
                tellBodyFailed(.tooLarge)
            } else {
                renewsWait = true
                apply(.bodyAsked)
            }
        }
    }

    func pauseBody() { enter { apply(.bodyPaused) } }

    func resumeBody() {
        enter {
            apply(.bodyResumed)
            endBodyIfComplete()
        }
    }

    private func takeBody(_ bytes: Span<UInt8>) -> Int {
        renewsWait = true
        if let parser = body.parser { return takeChunks(bytes, parser) }
        let count = min(body.left, bytes.count)
        body.left -= count
        body.receiver?.body(bytes.extracting(0..<count))
        endBodyIfComplete()
        return count
    }

    /// A body of known length may be complete but paused: its receiver has not been notified yet.
    private func endBodyIfComplete() {
        if body.left == 0, body.parser == nil, machine.appetite == .body { endBody() }
    }

    private func takeChunks(_ bytes: Span<UInt8>, _ parser: LLHTTPParser) -> Int {
        do throws(RequestProblem) {
            let used = try parser.parse(body: bytes, into: self)
            if let failure = body.failure {
                apply(.bodyFailed)
                tellBodyFailed(failure)
            } else if parser.messageComplete, machine.appetite == .body {
                endBody()
            }
            return used
        } catch {
            apply(.bodyFailed)
            tellBodyFailed(.malformed)
            return bytes.count
        }
    }

    private func endBody() {
        let receiver = body.receiver
        body.receiver = nil
        if let parser = body.parser { listener.giveBack(parser) }
        body.parser = nil
        let exchange = exchange  // the receiver is notified last and may release the exchange
        apply(.bodyEnded)
        withExtendedLifetime(exchange) { receiver?.bodyEnded() }
    }

    /// Notifies the receiver, then sends the error reply if the handler has not replied.
    func tellBodyFailed(_ failure: BodyFailure) {
        let receiver = body.receiver
        let exchange = exchange
        body.receiver = nil
        receiver?.bodyFailed(failure)
        guard let exchange, exchange.isOpen, !machine.replyIsBegun else { return }
        let error =
            switch failure {
            case .tooLarge: ServiceError(.bodyTooLarge, "The request body is larger than \(body.limit) bytes.")
            case .timedOut: ServiceError(.requestTimeout, "The request body stopped arriving; send the request again.")
            case .malformed, .clientClosed:
                ServiceError(.badRequest, "The request is malformed: its chunks cannot be parsed.")
            case .corrupted: ServiceError(.badRequest, "The request body is not a valid gzip member.")
            }
        exchange.respond(configuration.errorReply(error, exchange.requestID))
    }
}

extension Connection: ChunkSink {
    func chunkBytes(_ bytes: Span<UInt8>) -> Bool {
        body.received += bytes.count
        guard body.received <= body.limit else {
            body.failure = .tooLarge
            return false
        }
        body.receiver?.body(bytes)
        return machine.appetite == .body
    }
}
