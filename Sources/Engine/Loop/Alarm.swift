// A sleep that another task can end early. Loop-bound.

/// Lets a background service wait between two passes. A wake with no sleeper is kept for the next sleep.
public final class Alarm {
    private let loop: Loop
    private var ticket: Ticket<Void>?
    private var pending = false

    public init(on loop: Loop) { self.loop = loop }

    /// Ends the current sleep, or the next one if no task sleeps.
    public func wake() {
        pending = true
        ticket?.resume()
    }

    /// Sleeps for `seconds`, or until `wake()`. One sleeper at a time.
    public func sleep(seconds: Double) async throws(CancellationError) {
        if pending {
            pending = false
            return
        }
        let timer = LoopTimer(on: loop)
        defer {
            timer.close()
            ticket = nil
            pending = false
        }
        try await loop.park { (ticket: Ticket<Void>) in
            self.ticket = ticket
            timer.start(after: max(0, seconds)) { ticket.resume() }
        }
    }
}
