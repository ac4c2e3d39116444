// A bound on a resource that tasks of one loop share, such as bytes in memory. Thread: the loop's.
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

    public init(_ total: Int, on loop: Loop) {
        self.total = total
        self.loop = loop
    }

    /// Waits until `amount` is free and takes it. An amount above the total counts as the total.
    /// - Throws: `CancellationError` when the task is cancelled; nothing is taken then.
    public func take(_ amount: Int) async throws(CancellationError) {
        let amount = min(amount, total)
        if waiting.isEmpty, used + amount <= total {
            used += amount
            return
        }
        try await loop.park { (ticket: Ticket<Void>) in
            waiting.append(Waiter(amount: amount, ticket: ticket))
            ticket.whenCancelled = { [weak self] in self?.serve() }
        }
    }

    public func give(_ amount: Int) {
        used -= min(amount, total)
        serve()
    }

    private func serve() {
        while let first = waiting.first, !first.ticket.isWaiting || used + first.amount <= total {
            waiting.removeFirst()
            guard first.ticket.isWaiting else { continue }
            used += first.amount
            first.ticket.resume()
        }
    }
}
