// Queue figures for all scrapes and pages: the database is asked at most every few seconds. Loop-bound: one per process
// for scrapes, one per loop for pages.
import Engine

final class QueueProbe {
    /// Time for which an answer is kept, seconds. It bounds the queries, however often the service is scraped.
    static let freshSeconds = 5.0
    /// Longest wait of a scrape for the database, seconds.
    static let patienceSeconds = 1.0
    /// Older figures are not reported, seconds.
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
        // A question that fails or comes late leaves the last figures.
        _ = try? await shared.look(atMost: QueueProbe.patienceSeconds) { [self] in await ask() }
        guard let last, now() - last.at < QueueProbe.staleSeconds else { return nil }
        return last.figures
    }

    func close() { shared.close() }

    /// nil is an answer too: a database that is away is not asked again before `freshSeconds`.
    private func ask() async -> QueueFigures? {
        guard database.isAvailable, let figures = try? await LoadQueueFigures.run(database) else { return nil }
        last = (figures, now())
        return figures
    }
}
