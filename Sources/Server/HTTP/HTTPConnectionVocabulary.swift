// What the connection machine is told and what it answers. Pure; any thread.

extension HTTPConnectionMachine {
    struct Request: Equatable {
        var keepAlive: Bool
        var hasBody: Bool
        /// The body is so short that it may be read past.
        var short = false
        var expectsContinue = false
    }

    enum Event: Equatable {
        case headBytes
        case head(Request)
        /// What came is no request; a reply that says so has been written.
        case refused
        case bodyAsked
        case bodyPaused
        case bodyResumed
        case bodyEnded
        /// Too large or malformed: the receiver has been told.
        case bodyFailed
        /// `whole`: it also ends at once, whatever of the body is unread. `closes`: only the connection's end can
        /// delimit it.
        case replyBegun(whole: Bool, closes: Bool)
        case replyFinished
        /// More is unsent than the bound allows.
        case crowded
        /// That much is sent again that more may be written.
        case drained
        case clientEnded
        /// Reading or writing failed.
        case broken
        /// The handler gives up.
        case aborted
        case weShut
        /// More came while lingering than we are ready to throw away.
        case lingerSpent
        case timeUp
        case drain
    }

    /// What the driver must do, in this order.
    struct Actions: OptionSet, Hashable {
        let rawValue: UInt16
        /// Call the handler.
        static let dispatch = Actions(rawValue: 1)
        static let sendContinue = Actions(rawValue: 2)
        /// Write the reply that the head took too long.
        static let refuseSlowHead = Actions(rawValue: 4)
        /// Tell the receiver that the body took too long, and answer so if the handler does not.
        static let bodyTimedOut = Actions(rawValue: 8)
        /// The client has gone before its reply was complete.
        static let tellGone = Actions(rawValue: 16)
        /// Send what is queued, then end our side.
        static let shut = Actions(rawValue: 32)
        static let close = Actions(rawValue: 64)
        /// Close so that the client cannot take what it has for a whole reply.
        static let reset = Actions(rawValue: 128)
    }

    /// What the bytes that come in are now.
    enum Appetite: Equatable {
        case head
        case body
        /// They are thrown away.
        case waste
        /// They must wait.
        case nothing
    }

    /// What the connection waits for, and so which time-out runs.
    enum Wait: Equatable {
        case nothing
        case idle
        case head
        case body
        case send
        case linger
    }
}
