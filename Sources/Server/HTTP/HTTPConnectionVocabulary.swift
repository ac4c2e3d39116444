// Events and actions of the connection machine. Pure; any thread.

extension HTTPConnectionMachine {
    struct Request: Equatable {
        var keepAlive: Bool
        var hasBody: Bool
        /// The body is short enough to be read and discarded.
        var short = false
        var expectsContinue = false
    }

    enum Event: Equatable {
        case headBytes
        case head(Request)
        /// The bytes are not a request; an error reply has been written.
        case refused
        case bodyAsked
        case bodyPaused
        case bodyResumed
        case bodyEnded
        /// The body is too large or malformed. `Connection` notifies the receiver.
        case bodyFailed
        /// `whole`: the reply is complete at once, even if the body is unread. `closes`: only the end of the connection
        /// marks the reply's end.
        case replyBegun(whole: Bool, closes: Bool)
        case replyFinished
        /// The unsent bytes exceed the limit.
        case crowded
        /// The unsent bytes are below the limit again.
        case drained
        case clientEnded
        /// Reading or writing failed.
        case broken
        /// The handler aborts the reply.
        case aborted
        case weShut
        /// The input during lingering exceeds `lingerBytes`.
        case lingerSpent
        case timeUp
        case drain
    }

    /// Actions for `Connection`, executed in this order.
    struct Actions: OptionSet, Hashable {
        let rawValue: UInt16
        /// Calls the handler.
        static let dispatch = Actions(rawValue: 1)
        static let sendContinue = Actions(rawValue: 2)
        /// Writes the reply that the head took too long.
        static let refuseSlowHead = Actions(rawValue: 4)
        /// Notifies the receiver that the body took too long, and replies if the handler does not.
        static let bodyTimedOut = Actions(rawValue: 8)
        /// Notifies the handler that the client disconnected before its reply was complete.
        static let tellGone = Actions(rawValue: 16)
        /// Sends the queued bytes, then shuts down our side.
        static let shut = Actions(rawValue: 32)
        static let close = Actions(rawValue: 64)
        /// Closes with a reset, so the client cannot take a partial reply for a complete one.
        static let reset = Actions(rawValue: 128)
    }

    /// The meaning of the next input bytes.
    enum Appetite: Equatable {
        case head
        case body
        /// They are discarded.
        case waste
        /// They are kept for later.
        case nothing
    }

    /// The event that the connection waits for, which selects the time-out.
    enum Wait: Equatable {
        case nothing
        case idle
        case head
        case body
        case send
        case linger
    }
}
