// Decides the next actions of an HTTP/1.1 connection. Pure: no socket, no clock, no parser; `Connection` executes the
// actions. Any thread.
//
//     idle -> head -> exchange(intake x answer) -> idle ...
//                 \-> lingering <-/                      every state -> closed
//
// The machine handles one request at a time. Until it is done, the bytes of later requests are not parsed (`appetite`
// is `.nothing`).

/// The state of one connection.
struct HTTPConnectionMachine {
    enum State: Equatable {
        /// Between requests, with no byte of the next head.
        case idle
        /// Part of a head has arrived.
        case head
        /// A request is being handled.
        case exchange(Intake, ReplyProgress)
        /// The last reply is written and our side is being shut down. Input is discarded, because a reset could destroy
        /// the reply.
        case lingering(weShut: Bool, theyEnded: Bool)
        case closed
    }

    /// Progress of the current request's body.
    enum Intake: Equatable {
        /// The whole body has arrived.
        case complete
        /// The handler has not requested it yet.
        case unasked(short: Bool, expected: Bool)
        case flowing
        /// The receiver has paused it.
        case paused
        /// Not requested, but short enough to be read and discarded.
        case skipping
        /// It will not be read; the connection closes after the reply.
        case abandoned
    }

    /// Progress of the reply.
    enum ReplyProgress: Equatable {
        case awaited
        case begun
        /// All bytes are handed to the socket, but some may be unsent.
        case finished
    }

    private(set) var state = State.idle
    /// False once the current reply is known to be the connection's last.
    private(set) var keepAlive = true
    private var draining = false
    private var crowded = false

    var appetite: Appetite {
        switch state {
        case .idle, .head: .head
        case .exchange(.flowing, _), .exchange(.skipping, _): .body
        case .exchange(.complete, _), .exchange(.unasked, _), .exchange(.paused, _), .exchange(.abandoned, _): .nothing
        case .lingering: .waste
        case .closed: .nothing
        }
    }

    /// Whether to read the socket. It is also read while a handler works, to notice that the client disconnects.
    var reads: Bool {
        switch state {
        case .idle, .head: true
        case .exchange(.paused, _): false
        case .exchange(.complete, _), .exchange(.unasked, _), .exchange(.flowing, _), .exchange(.skipping, _),
            .exchange(.abandoned, _):
            true
        case .lingering(_, let theyEnded): !theyEnded
        case .closed: false
        }
    }

    var wait: Wait {
        switch state {
        case .idle: .idle
        case .head: .head
        case .exchange(.flowing, _), .exchange(.skipping, _): crowded ? .send : .body
        case .exchange(.complete, _), .exchange(.unasked, _), .exchange(.paused, _), .exchange(.abandoned, _):
            crowded ? .send : .nothing
        case .lingering: .linger
        case .closed: .nothing
        }
    }

    /// A reply to the current request has begun or finished, or there is no current request.
    var replyIsBegun: Bool {
        switch state {
        case .exchange(_, .awaited): false
        case .idle, .head, .exchange(_, .begun), .exchange(_, .finished), .lingering, .closed: true
        }
    }

    /// The current request has a body that the handler may still request.
    var bodyIsUnasked: Bool {
        switch state {
        case .exchange(.unasked, .awaited): true
        case .exchange, .idle, .head, .lingering, .closed: false
        }
    }

    var isIdle: Bool { state == .idle }

    /// Traps for a pair of event and state that `Connection` cannot produce; a comment below gives the reason. A pair
    /// that a race can produce does nothing; a comment below names the race.
    mutating func received(_ event: Event) -> Actions {
        switch event {
        case .headBytes: headBytes()
        case .head(let request): begin(request)
        case .refused: refused()
        case .bodyAsked: bodyAsked()
        case .bodyPaused: setIntake(from: .flowing, to: .paused)
        case .bodyResumed: setIntake(from: .paused, to: .flowing)
        case .bodyEnded: bodyEnded()
        case .bodyFailed: bodyFailed()
        case .replyBegun(let whole, let closes): replyBegun(whole: whole, closes: closes)
        case .replyFinished: replyFinished()
        case .crowded: setCrowded(true)
        case .drained: setCrowded(false)
        case .clientEnded: clientEnded()
        case .broken: broken()
        case .aborted: aborted()
        case .weShut: weShut()
        case .lingerSpent: lingerSpent()
        case .timeUp: timeUp()
        case .drain: drain()
        }
    }

    // MARK: Requests

    private mutating func headBytes() -> Actions {
        switch state {
        case .idle:
            state = .head
            return []
        // `Connection` sends it only for the first bytes after `isIdle`.
        case .head, .exchange, .lingering, .closed: preconditionFailure("a head began outside of the idle state")
        }
    }

    private mutating func begin(_ request: Request) -> Actions {
        switch state {
        case .head: break
        // `headBytes` always comes before, and `Connection` parses no further head during a request.
        case .idle, .exchange, .lingering, .closed: preconditionFailure("a head ended before it began")
        }
        keepAlive = request.keepAlive && !draining
        let intake: Intake =
            request.hasBody ? .unasked(short: request.short, expected: request.expectsContinue) : .complete
        state = .exchange(intake, .awaited)
        return .dispatch
    }

    private mutating func refused() -> Actions {
        switch state {
        case .head: return linger()
        // Only the head's parser refuses.
        case .idle, .exchange, .lingering, .closed: preconditionFailure("a head was refused before it began")
        }
    }

    private mutating func bodyAsked() -> Actions {
        switch state {
        case .exchange(.unasked(_, let expected), .awaited):
            state = .exchange(.flowing, .awaited)
            return expected ? .sendContinue : []
        // `Connection` checks `bodyIsUnasked` first. Once the final reply has begun, the client would read 100 as a
        // part of it.
        case .exchange, .idle, .head, .lingering, .closed: preconditionFailure("an unavailable body was requested")
        }
    }

    private mutating func setIntake(from: Intake, to: Intake) -> Actions {
        switch state {
        case .exchange(from, let progress):
            state = .exchange(to, progress)
            return []
        // Several parts of a receiver may pause the body. They may resume it after it has ended or failed, or after the
        // reply: the body does not flow then.
        case .exchange: return []
        // The receiver is being notified that the client has disconnected.
        case .closed: return []
        // A finished `Exchange` has released its connection.
        case .idle, .head, .lingering: preconditionFailure("a body was paused or resumed without a request")
        }
    }

    private mutating func bodyEnded() -> Actions {
        switch state {
        case .exchange(.flowing, let progress), .exchange(.skipping, let progress):
            state = .exchange(.complete, progress)
            return progress == .finished ? nextRequest() : []
        // `Connection` ends a body only while `appetite` is `.body`.
        case .exchange(.complete, _), .exchange(.unasked, _), .exchange(.paused, _), .exchange(.abandoned, _), .idle,
            .head, .lingering, .closed:
            preconditionFailure("a body ended while it was not being read")
        }
    }

    private mutating func bodyFailed() -> Actions {
        switch state {
        case .exchange(.unasked, let progress), .exchange(.flowing, let progress), .exchange(.paused, let progress),
            .exchange(.skipping, let progress), .exchange(.abandoned, let progress):
            state = .exchange(.abandoned, progress)
            keepAlive = false
            return []
        // The receiver of a chunk may end the exchange before the rest of the same read turns out to be malformed.
        case .lingering, .closed: return []
        // A complete body cannot fail, and without a request there is no body.
        case .exchange(.complete, _), .idle, .head: preconditionFailure("a body failed while none was expected")
        }
    }

    // MARK: Replies

    private mutating func replyBegun(whole: Bool, closes: Bool) -> Actions {
        switch state {
        case .exchange(let intake, .awaited):
            if closes || draining { keepAlive = false }
            beginReply(intake, whole: whole)
            return []
        // `Connection` checks `replyIsBegun` first.
        case .exchange(_, .begun), .exchange(_, .finished), .idle, .head, .lingering, .closed:
            preconditionFailure("a reply began without a request that waits for it")
        }
    }

    private mutating func beginReply(_ intake: Intake, whole: Bool) {
        switch intake {
        case .complete, .skipping: state = .exchange(intake, .begun)
        case .unasked(short: true, expected: false): state = .exchange(keepAlive ? .skipping : .abandoned, .begun)
        // A client that waits for 100 may or may not send the body after another reply, so the start of the next
        // request is unknown.
        case .unasked, .abandoned: abandon()
        case .flowing, .paused: whole ? abandon() : (state = .exchange(intake, .begun))
        }
    }

    private mutating func abandon() {
        keepAlive = false
        state = .exchange(.abandoned, .begun)
    }

    private mutating func replyFinished() -> Actions {
        switch state {
        case .exchange(let intake, .begun):
            state = .exchange(intake, .finished)
            switch intake {
            case .complete: return nextRequest()
            case .skipping: return keepAlive ? [] : linger()
            case .unasked, .flowing, .paused, .abandoned: return linger()
            }
        // Each reply is finished once, by the exchange that began it.
        case .exchange(_, .awaited), .exchange(_, .finished), .idle, .head, .lingering, .closed:
            preconditionFailure("a reply was finished before it began, or twice")
        }
    }

    /// Ends the current request. A client with too many unsent bytes gets no further reply.
    private mutating func nextRequest() -> Actions {
        if !keepAlive || draining { return linger() }
        if !crowded { state = .idle }
        return []
    }

    /// Legal in every state: the socket fills and drains independently of the request.
    private mutating func setCrowded(_ now: Bool) -> Actions {
        crowded = now
        switch state {
        case .exchange(.complete, .finished): return nextRequest()
        case .exchange, .idle, .head, .lingering, .closed: return []
        }
    }

    // MARK: Ends

    private mutating func linger(theyEnded: Bool = false) -> Actions {
        switch state {
        case .idle, .head, .exchange:
            keepAlive = false
            state = .lingering(weShut: false, theyEnded: theyEnded)
            return .shut
        case .lingering, .closed: preconditionFailure("a connection began to linger twice")
        }
    }

    private mutating func close() -> Actions {
        switch state {
        case .idle, .head, .exchange, .lingering:
            state = .closed
            return .close
        case .closed: preconditionFailure("a connection was closed twice")
        }
    }

    private mutating func clientEnded() -> Actions {
        switch state {
        // The end of the last reply may still be unsent.
        case .idle, .head, .exchange(_, .finished): return linger(theyEnded: true)
        // A client that closes the connection does not want the reply any more; nginx decides the same (C2.6).
        case .exchange(_, .awaited), .exchange(_, .begun):
            state = .closed
            return [.tellGone, .close]
        case .lingering(weShut: true, _): return close()
        case .lingering(weShut: false, _):
            state = .lingering(weShut: false, theyEnded: true)
            return []
        // The stream reports nothing after it was closed.
        case .closed: preconditionFailure("a closed connection reported the end of input")
        }
    }

    private mutating func weShut() -> Actions {
        switch state {
        case .lingering(weShut: false, theyEnded: true): return close()
        case .lingering(weShut: false, theyEnded: false):
            state = .lingering(weShut: true, theyEnded: false)
            return []
        // `.shut` is returned once, on the way to `.lingering`, and the stream reports nothing after it was closed.
        case .lingering(weShut: true, _), .idle, .head, .exchange, .closed:
            preconditionFailure("our side was shut down without the action `.shut`")
        }
    }

    private mutating func lingerSpent() -> Actions {
        switch state {
        case .lingering: return close()
        // Only a lingering connection discards input.
        case .idle, .head, .exchange, .closed: preconditionFailure("a connection that does not linger discarded input")
        }
    }

    private mutating func broken() -> Actions {
        switch state {
        case .exchange(_, .awaited), .exchange(_, .begun):
            state = .closed
            return [.tellGone, .close]
        case .idle, .head, .exchange(_, .finished), .lingering: return close()
        // The listener iterates over a copy of its list of connections; this one may have closed meanwhile.
        case .closed: return []
        }
    }

    private mutating func aborted() -> Actions {
        switch state {
        case .exchange(_, .awaited), .exchange(_, .begun):
            state = .closed
            return .reset
        // The receiver is being notified that the client has disconnected, and aborts by itself.
        case .closed: return []
        // A finished `Exchange` has released its connection.
        case .exchange(_, .finished), .idle, .head, .lingering:
            preconditionFailure("a finished or missing request was aborted")
        }
    }

    private mutating func timeUp() -> Actions {
        switch state {
        case .idle, .lingering: return close()
        case .head:
            return linger().union(.refuseSlowHead)
        case .exchange(.flowing, _) where !crowded:
            return bodyFailed().union(.bodyTimedOut)
        case .exchange(.skipping, .begun) where !crowded:
            abandon()
            return []
        case .exchange(.skipping, .finished) where !crowded: return close()
        case .exchange(_, .finished):
            state = .closed
            return .reset
        case .exchange(_, .awaited), .exchange(_, .begun):
            state = .closed
            return [.tellGone, .reset]
        // The timer is closed with the connection.
        case .closed: preconditionFailure("a closed connection timed out")
        }
    }

    private mutating func drain() -> Actions {
        draining = true
        switch state {
        // The client is between requests, so there is no reply to wait for.
        case .idle: return linger(theyEnded: true)
        // Each ends after its reply, or is already ending.
        case .head, .exchange, .lingering: return []
        // The listener iterates over a copy of its list of connections; this one may have closed meanwhile.
        case .closed: return []
        }
    }
}
