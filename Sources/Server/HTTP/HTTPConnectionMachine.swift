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

    mutating func received(_ event: Event) -> Actions {
        switch event {
        case .headBytes: headBytes()
        case .head(let request): begin(request)
        case .refused: linger()
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
        case .lingerSpent: close()
        case .timeUp: timeUp()
        case .drain: drain()
        }
    }

    // MARK: Requests

    private mutating func headBytes() -> Actions {
        if state == .idle { state = .head }
        return []
    }

    private mutating func begin(_ request: Request) -> Actions {
        switch state {
        case .idle, .head: break
        case .exchange, .lingering, .closed: preconditionFailure("a head came while a request is in work")
        }
        keepAlive = request.keepAlive && !draining
        let intake: Intake =
            request.hasBody ? .unasked(short: request.short, expected: request.expectsContinue) : .complete
        state = .exchange(intake, .awaited)
        return .dispatch
    }

    private mutating func bodyAsked() -> Actions {
        switch state {
        case .exchange(.unasked(_, let expected), let answer):
            state = .exchange(.flowing, answer)
            // After the final reply has begun, 100 would be taken for part of it.
            return expected && answer == .awaited ? .sendContinue : []
        case .exchange, .idle, .head, .lingering, .closed: return []
        }
    }

    private mutating func setIntake(from: Intake, to: Intake) -> Actions {
        if case .exchange(from, let answer) = state { state = .exchange(to, answer) }
        return []
    }

    private mutating func bodyEnded() -> Actions {
        switch state {
        case .exchange(_, let answer):
            state = .exchange(.complete, answer)
            return answer == .finished ? nextRequest() : []
        case .idle, .head, .lingering, .closed: return []
        }
    }

    private mutating func bodyFailed() -> Actions {
        switch state {
        case .exchange(_, let answer):
            state = .exchange(.abandoned, answer)
            keepAlive = false
            return []
        case .idle, .head, .lingering, .closed: return []
        }
    }

    // MARK: Replies

    private mutating func replyBegun(whole: Bool, closes: Bool) -> Actions {
        guard case .exchange(let intake, .awaited) = state else { return [] }
        if closes || draining { keepAlive = false }
        switch intake {
        case .complete, .skipping: state = .exchange(intake, .begun)
        case .unasked(short: true, expected: false): state = .exchange(keepAlive ? .skipping : .abandoned, .begun)
        // A client that waits for 100 may or may not send the body after another reply: where the next request begins
        // is unknown.
        case .unasked, .abandoned: abandon()
        case .flowing, .paused: whole ? abandon() : (state = .exchange(intake, .begun))
        }
        return []
    }

    private mutating func abandon() {
        keepAlive = false
        state = .exchange(.abandoned, .begun)
    }

    private mutating func replyFinished() -> Actions {
        guard case .exchange(let intake, .begun) = state else { return [] }
        state = .exchange(intake, .finished)
        switch intake {
        case .complete: return nextRequest()
        case .skipping: return keepAlive ? [] : linger()
        case .unasked, .flowing, .paused, .abandoned: return linger()
        }
    }

    /// The request in work is done with. A client that does not take its replies gets no further ones.
    private mutating func nextRequest() -> Actions {
        if !keepAlive || draining { return linger() }
        if !crowded { state = .idle }
        return []
    }

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
        case .lingering, .closed: return []
        }
    }

    private mutating func close() -> Actions {
        if state == .closed { return [] }
        state = .closed
        return .close
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
        case .closed: return []
        }
    }

    private mutating func weShut() -> Actions {
        switch state {
        case .lingering(_, theyEnded: true): return close()
        case .lingering(_, theyEnded: false):
            state = .lingering(weShut: true, theyEnded: false)
            return []
        case .idle, .head, .exchange, .closed: return []
        }
    }

    private mutating func broken() -> Actions {
        switch state {
        case .exchange(_, .awaited), .exchange(_, .begun):
            state = .closed
            return [.tellGone, .close]
        case .idle, .head, .exchange(_, .finished), .lingering, .closed: return close()
        }
    }

    private mutating func aborted() -> Actions {
        switch state {
        case .exchange:
            state = .closed
            return .reset
        case .idle, .head, .lingering, .closed: return []
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
        case .exchange:
            state = .closed
            return [.tellGone, .reset]
        case .closed: return []
        }
    }

    private mutating func drain() -> Actions {
        draining = true
        switch state {
        // Nothing of a client that is between requests will be waited for.
        case .idle: return linger(theyEnded: true)
        case .head, .exchange, .lingering, .closed: return []
        }
    }
}
