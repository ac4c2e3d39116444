// Queue figures for all scrapes and pages; the database is queried at most every few seconds. Loop-bound: one per
// process for scrapes, one per loop for pages.
import Engine

final class QueueProbe {
    /// Time for which an answer is kept, seconds. It bounds the rate of queries at any rate of scrapes.
    static let freshSeconds = 5.0
    /// Longest wait of a scrape for the database, seconds.
    static let patienceSeconds = 1.0
    /// Age from which figures are not reported, seconds.
    static let staleSeconds = 60.0

    private let database: Database
    private let now: () -> Double
    private let shared: SharedLook<QueueFigures?>
    private var last: (figures: QueueFigures, at: Double)?

    /// - Parameter now: seconds of a clock that never goes back.
    init(_ database: Database, on loop: Loop, now: @escaping () -> Double = { Monotonic.seconds() }) {
        self.database = database
        self.now = now
        shared = SharedLook(on: loop, freshSeconds: QueueProbe.freshSeconds, now: now)
    }

    /// Returns the newest figures; nil if there are none, or they are stale.
    func look() async -> QueueFigures? {
        // A query that fails or is late keeps the last figures.
        _ = try? await shared.look(atMost: QueueProbe.patienceSeconds) { [self] in await ask() }
        guard let last, now() - last.at < QueueProbe.staleSeconds else { return nil }
        return last.figures
    }

    func close() { shared.close() }

    /// Returns nil if the database is away. nil is kept too, so the next query waits for `freshSeconds`.
    private func ask() async -> QueueFigures? {
        guard database.isAvailable, let figures = try? await LoadQueueFigures.run(database) else { return nil }
        last = (figures, now())
        return figures
    }
}
