// How much there is to do, asked of the database now and then for all scrapes together. Loop-bound: one a process.
import Engine

final class QueueProbe {
    /// How long an answer is good for: so often the database is asked, however often the service is scraped.
    static let freshSeconds = 5.0
    /// Longer a scrape does not wait for the database.
    static let patienceSeconds = 1.0
    /// What is older is not told any more.
    static let staleSeconds = 60.0

    private let database: Database
    private let loop: Loop
    private let now: () -> Double
    private var last: (figures: QueueFigures, at: Double)?
    private var askedAt = -Double.infinity
    private var asking: LoopTask<Void>?
    private var isAsking = false
    private var waiting: [Ticket<Void>] = []

    /// - Parameter now: seconds of a clock that never goes back.
    init(_ database: Database, on loop: Loop, now: @escaping () -> Double = { Monotonic.seconds() }) {
        self.database = database
        self.loop = loop
        self.now = now
    }

    /// The newest figures at hand; nil if there are none that still tell something.
    func look() async -> QueueFigures? {
        if !isAsking, now() - askedAt >= QueueProbe.freshSeconds { begin() }
        if isAsking { await wait() }
        guard let last, now() - last.at < QueueProbe.staleSeconds else { return nil }
        return last.figures
    }

    func close() { asking?.cancel() }

    private func begin() {
        isAsking = true
        askedAt = now()
        asking = LoopTask(on: loop) { [self] in
            if database.isAvailable, let figures = try? await LoadQueueFigures.run(database) { last = (figures, now()) }
            isAsking = false
            for ticket in waiting { ticket.resume() }
            waiting = []
        }
    }

    private func wait() async {
        let timer = LoopTimer(on: loop)
        defer { timer.close() }
        try? await loop.park { (ticket: Ticket<Void>) in
            waiting.append(ticket)
            timer.start(after: QueueProbe.patienceSeconds) { ticket.resume() }
        }
    }
}
