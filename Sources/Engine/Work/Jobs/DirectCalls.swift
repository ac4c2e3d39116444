// Places for the direct calls of one loop's jobs, and the memory of their images. Thread: the loop's.
import DequeModule

/// First come, first served. A job has at most one call that waits, so jobs take turns however many lots they have.
final class DirectCalls {
    /// Most image bytes in memory for the direct calls of one loop. Their bodies add about 1.4 times as many.
    static let imageBytesMax = 256 * 1024 * 1024

    private let loop: Loop
    private var pace: CallPace
    private var waiting = Deque<Ticket<CallPace.PacedCall>>()
    let imageBytes: LoopBudget

    /// - Parameter most: calls at the same time, at least 1.
    init(_ most: Int, on loop: Loop) {
        self.loop = loop
        pace = CallPace(most: most)
        imageBytes = LoopBudget(DirectCalls.imageBytesMax, on: loop)
    }

    var most: Int { pace.most }

    /// Waits for a place and takes it.
    /// - Throws: `CancellationError` when the task is cancelled; nothing is taken then.
    func take() async throws(CancellationError) -> CallPace.PacedCall {
        if waiting.isEmpty, let call = pace.begin() { return call }
        return try await loop.park { (ticket: Ticket<CallPace.PacedCall>) in
            waiting.append(ticket)
            ticket.whenCancelled = { [weak self] in self?.waiting.removeAll { $0 === ticket } }
        }
    }

    /// Returns the place of a `take`.
    func give(_ call: CallPace.PacedCall, _ outcome: CallPace.Outcome) {
        pace.end(call, outcome)
        while let first = waiting.first, let next = pace.begin() {
            waiting.removeFirst()
            first.resume(next)
        }
    }
}
