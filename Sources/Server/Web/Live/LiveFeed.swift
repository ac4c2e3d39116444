// The common beat of all live pages of a shard: they look at their jobs at the same moment, so that `StatusPolls` needs
// only a few queries for them and for the API's own polls. Loop-bound: one per shard.
import Engine

final class LiveFeed {
    /// Most streams at a time; each holds a connection and asks for at most ``JobEvents/jobsMax`` jobs.
    static let streamsMax = 64
    /// Time between two beats, seconds.
    static let beatSeconds = 1.0

    private let loop: Loop
    private let timer: LoopTimer
    private var waiting: [Ticket<Void>] = []
    private(set) var streams = 0

    init(on loop: Loop) {
        self.loop = loop
        timer = LoopTimer(on: loop)
    }

    func close() { timer.close() }

    /// Takes a place for a stream; `leave` gives it back.
    /// - Throws: 503 if all places are taken.
    func enter() throws(ServiceError) {
        guard streams < LiveFeed.streamsMax else {
            throw ServiceError(.serviceUnavailable, "Too many live pages are open; try again later", retryAfter: 30)
        }
        streams += 1
    }

    func leave() { streams -= 1 }

    /// Returns at the next beat. The clock stops while no stream waits.
    func beat() async throws(CancellationError) {
        try await loop.park { (ticket: Ticket<Void>) in
            waiting.append(ticket)
            ticket.whenCancelled = { [self] in waiting.removeAll { $0 === ticket } }
            if !timer.isActive { timer.start(after: LiveFeed.beatSeconds) { [unowned self] in strike() } }
        }
    }

    private func strike() {
        let all = waiting
        waiting = []
        for ticket in all { ticket.resume() }
    }
}
