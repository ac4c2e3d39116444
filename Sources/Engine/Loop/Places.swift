// A bound on the number of concurrent tasks. Loop-bound.
import DequeModule

/// A fixed number of places, given out in the order of requests.
public final class Places {
    private let loop: Loop
    private let count: Int
    private var taken = 0
    private var waiters = Deque<Ticket<Void>>()
    /// Called when a place becomes free and no task waits for it.
    public var whenFree: (() -> Void)?

    public init(_ count: Int, on loop: Loop) {
        self.count = max(1, count)
        self.loop = loop
    }

    /// Free places minus waiters.
    public var room: Int { count - taken - waiters.count }

    /// Waits for a place. Give it back with ``leave()``.
    /// - Throws: `CancellationError` when the task is cancelled; it holds no place then.
    public func enter() async throws(CancellationError) {
        guard taken >= count else {
            taken += 1
            return
        }
        try await loop.park { (ticket: Ticket<Void>) in
            waiters.append(ticket)
            ticket.whenCancelled = { [self] in waiters.removeAll { $0 === ticket } }
        }
    }

    /// Gives the place to the task that has waited longest.
    public func leave() {
        if let next = waiters.popFirst() { return next.resume() }
        taken -= 1
        whenFree?()
    }
}
