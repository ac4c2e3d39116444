// A bound on how many tasks are at work at a time. Loop-bound.
import DequeModule

/// So many places, given in the order of asking.
public final class Places {
    private let loop: Loop
    private let count: Int
    private var taken = 0
    private var waiters = Deque<Ticket<Void>>()
    /// A place has become free and nobody waited for it.
    public var whenFree: (() -> Void)?

    public init(_ count: Int, on loop: Loop) {
        self.count = max(1, count)
        self.loop = loop
    }

    /// Places that neither have a holder nor are waited for; negative by those who wait.
    public var room: Int { count - taken - waiters.count }

    /// Waits for a place; give it back with ``leave()``.
    /// - Throws: when the task is cancelled meanwhile: then there is nothing to give back.
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

    /// Hands the place to whoever has waited longest.
    public func leave() {
        if let next = waiters.popFirst() { return next.resume() }
        taken -= 1
        whenFree?()
    }
}
