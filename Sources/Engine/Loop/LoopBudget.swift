// A bound on a resource that tasks of one loop share: jobs at work, bytes in memory. Thread: the loop's.
import DequeModule

/// A counting semaphore with weights, first come, first served. Loop-bound.
public final class LoopBudget {
    private struct Waiter {
        let amount: Int
        let ticket: Ticket<Void>
    }

    private let loop: Loop
    private let total: Int
    private var used = 0
    private var waiting = Deque<Waiter>()
    /// Called after `give` if some of the total is free and no task waits.
    public var whenFree: (() -> Void)?

    /// - Parameter total: at least 1.
    public init(_ total: Int, on loop: Loop) {
        self.total = max(1, total)
        self.loop = loop
    }

    /// Free amount minus the waiters' amounts.
    public var room: Int { waiting.reduce(total - used) { $0 - $1.amount } }

    /// Waits until `amount` is free and takes it. An amount above the total counts as the total.
    /// - Throws: `CancellationError` when the task is cancelled; nothing is taken then.
    public func take(_ amount: Int = 1) async throws(CancellationError) {
        let amount = min(amount, total)
        if waiting.isEmpty, used + amount <= total {
            used += amount
            return
        }
        try await loop.park { (ticket: Ticket<Void>) in
            waiting.append(Waiter(amount: amount, ticket: ticket))
            ticket.whenCancelled = { [weak self] in
                self?.waiting.removeAll { $0.ticket === ticket }
                self?.serve()
            }
        }
    }

    /// Returns the amount of a `take`. The task that has waited longest gets it.
    public func give(_ amount: Int = 1) {
        used -= min(amount, total)
        serve()
        if waiting.isEmpty, used < total { whenFree?() }
    }

    private func serve() {
        while let first = waiting.first, used + first.amount <= total {
            waiting.removeFirst()
            used += first.amount
            first.ticket.resume()
        }
    }
}
