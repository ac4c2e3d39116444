// A sleep that somebody else can end. Loop-bound.

/// What a background service waits on between two looks at its work: a wake that comes while nobody sleeps is kept.
public final class Alarm {
    private let loop: Loop
    private var ticket: Ticket<Void>?
    private var pending = false

    public init(on loop: Loop) { self.loop = loop }

    /// Ends the sleep, or the next one if nobody sleeps.
    public func wake() {
        pending = true
        ticket?.resume()
    }

    /// Sleeps `seconds`, or less if woken. One sleeper.
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
