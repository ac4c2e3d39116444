// What an HTTP/1.1 connection may do next. Pure: no socket, no clock, no parser; `Connection` does what it says. Any
// thread.
//
//     idle -> head -> exchange(intake x answer) -> idle ...
//                 \-> lingering <-/                      every state -> closed
//
// One request is in work at a time: while it is, the bytes of the next ones stay unread (`appetite` is `.nothing`).

/// The state of one connection.
struct HTTPConnectionMachine {
    enum State: Equatable {
        /// Between requests: no byte of a head has come.
        case idle
        /// Part of a head has come.
        case head
        /// A request is in work.
        case exchange(Intake, ReplyProgress)
        /// All is said and our side is being shut: what still comes is thrown away, so that the reply is not lost to a
        /// reset.
        case lingering(weShut: Bool, theyEnded: Bool)
        case closed
    }

    /// How far the body of the request in work is.
    enum Intake: Equatable {
        /// Nothing of it is left to come.
        case complete
        /// Nobody has asked for it yet.
        case unasked(short: Bool, expected: Bool)
        case flowing
        /// The receiver holds it back.
        case paused
        /// Nobody wants it, but it is short: it is read past.
        case skipping
        /// It will not be read: the connection closes after the reply.
        case abandoned
    }

    /// How far the reply is.
    enum ReplyProgress: Equatable {
        case awaited
        case begun
        /// All handed to the socket, though perhaps not all sent.
        case finished
    }

    private(set) var state = State.idle
    /// False as soon as it is settled that this is the connection's last reply.
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

    /// Whether the socket is read. While a handler works it is, for the sake of learning that the client has gone.
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

    /// A reply has been begun or finished for the request in work, or there is none.
    var replyIsBegun: Bool {
        switch state {
        case .exchange(_, .awaited): false
        case .idle, .head, .exchange(_, .begun), .exchange(_, .finished), .lingering, .closed: true
        }
    }

    /// The request in work has a body that may still be asked for.
    var bodyIsUnasked: Bool {
        switch state {
        case .exchange(.unasked, .awaited): true
        case .exchange, .idle, .head, .lingering, .closed: false
        }
    }

    var isIdle: Bool { state == .idle }

    /// A pair of event and state that `Connection` cannot produce traps; it is named below with the reason. A pair that
    /// a race can produce is named with that race and does nothing.
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
        // `Connection` sends it for the first bytes after `isIdle` only.
        case .head, .exchange, .lingering, .closed: preconditionFailure("a head began while none was due")
        }
    }

    private mutating func begin(_ request: Request) -> Actions {
        switch state {
        case .head: break
        // The bytes of a head come first, and further ones are not parsed while a request is in work.
        case .idle, .exchange, .lingering, .closed: preconditionFailure("a head ended that had not begun")
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
        // Only the parser of heads refuses.
        case .idle, .exchange, .lingering, .closed: preconditionFailure("a head was refused that had not begun")
        }
    }

    private mutating func bodyAsked() -> Actions {
        switch state {
        case .exchange(.unasked(_, let expected), .awaited):
            state = .exchange(.flowing, .awaited)
            return expected ? .sendContinue : []
        // `Connection` asks `bodyIsUnasked` first. After the final reply has begun, 100 would be taken for part of it.
        case .exchange, .idle, .head, .lingering, .closed: preconditionFailure("a body was asked for out of turn")
        }
    }

    private mutating func setIntake(from: Intake, to: Intake) -> Actions {
        switch state {
        case .exchange(from, let progress):
            state = .exchange(to, progress)
            return []
        // Several parts of a receiver may hold the body back, and let it go after it has ended or failed, or after the
        // reply: nothing flows then.
        case .exchange: return []
        // The receiver is just being told that the client has gone.
        case .closed: return []
        // An `Exchange` that is over has let go of its connection.
        case .idle, .head, .lingering: preconditionFailure("a body was held back that is not in work")
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
            preconditionFailure("a body ended that was not being read")
        }
    }

    private mutating func bodyFailed() -> Actions {
        switch state {
        case .exchange(.unasked, let progress), .exchange(.flowing, let progress), .exchange(.paused, let progress),
            .exchange(.skipping, let progress), .exchange(.abandoned, let progress):
            state = .exchange(.abandoned, progress)
            keepAlive = false
            return []
        // The receiver of a chunk may end the exchange before the read that brought it turns out to be malformed.
        case .lingering, .closed: return []
        // A complete body cannot fail, and without a request there is none.
        case .exchange(.complete, _), .idle, .head: preconditionFailure("a body failed that was not expected")
        }
    }

    // MARK: Replies

    private mutating func replyBegun(whole: Bool, closes: Bool) -> Actions {
        switch state {
        case .exchange(let intake, .awaited):
            if closes || draining { keepAlive = false }
            beginReply(intake, whole: whole)
            return []
        // `Connection` asks `replyIsBegun` first.
        case .exchange(_, .begun), .exchange(_, .finished), .idle, .head, .lingering, .closed:
            preconditionFailure("a reply was begun that nobody waits for")
        }
    }

    private mutating func beginReply(_ intake: Intake, whole: Bool) {
        switch intake {
        case .complete, .skipping: state = .exchange(intake, .begun)
        case .unasked(short: true, expected: false): state = .exchange(keepAlive ? .skipping : .abandoned, .begun)
        // A client that waits for 100 may or may not send the body after another reply: where the next request begins
        // is unknown.
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
        // A reply is finished once, by the exchange that began it.
        case .exchange(_, .awaited), .exchange(_, .finished), .idle, .head, .lingering, .closed:
            preconditionFailure("a reply was finished that was not under way")
        }
    }

    /// The request in work is done with. A client that does not take its replies gets no further ones.
    private mutating func nextRequest() -> Actions {
        if !keepAlive || draining { return linger() }
        if !crowded { state = .idle }
        return []
    }

    /// Legal in every state: the socket fills and empties whatever the request does.
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
        case .lingering, .closed: preconditionFailure("a connection ends once")
        }
    }

    private mutating func close() -> Actions {
        switch state {
        case .idle, .head, .exchange, .lingering:
            state = .closed
            return .close
        case .closed: preconditionFailure("a connection is closed once")
        }
    }

    private mutating func clientEnded() -> Actions {
        switch state {
        // The end of our last reply may still be unsent.
        case .idle, .head, .exchange(_, .finished): return linger(theyEnded: true)
        // As nginx sees it: who hangs up does not want the reply any more (C2.6).
        case .exchange(_, .awaited), .exchange(_, .begun):
            state = .closed
            return [.tellGone, .close]
        case .lingering(weShut: true, _): return close()
        case .lingering(weShut: false, _):
            state = .lingering(weShut: false, theyEnded: true)
            return []
        // The stream reports nothing after it was closed.
        case .closed: preconditionFailure("a closed connection was read")
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
            preconditionFailure("our side was shut without having been asked to")
        }
    }

    private mutating func lingerSpent() -> Actions {
        switch state {
        case .lingering: return close()
        // Only a lingering connection throws bytes away.
        case .idle, .head, .exchange, .closed: preconditionFailure("bytes were thrown away that are of use")
        }
    }

    private mutating func broken() -> Actions {
        switch state {
        case .exchange(_, .awaited), .exchange(_, .begun):
            state = .closed
            return [.tellGone, .close]
        case .idle, .head, .exchange(_, .finished), .lingering: return close()
        // The listener drops its connections from a list that it read before one of them closed.
        case .closed: return []
        }
    }

    private mutating func aborted() -> Actions {
        switch state {
        case .exchange(_, .awaited), .exchange(_, .begun):
            state = .closed
            return .reset
        // The receiver is just being told that the client has gone, and gives up itself.
        case .closed: return []
        // An `Exchange` that is over has let go of its connection.
        case .exchange(_, .finished), .idle, .head, .lingering:
            preconditionFailure("a request was given up that is not in work")
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
        // Nothing of a client that is between requests will be waited for.
        case .idle: return linger(theyEnded: true)
        // Each ends after its reply, or is ending already.
        case .head, .exchange, .lingering: return []
        // The listener drains its connections from a list that it read before one of them closed.
        case .closed: return []
        }
    }
}
