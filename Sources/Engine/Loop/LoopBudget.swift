// A bound on something that many tasks of a loop share: bytes in memory, say. Thread: the loop's.
import DequeModule

/// A counting semaphore with weights, first come first served. Loop-bound.
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

    /// Waits until `amount` is free, and takes it. More than the whole budget is taken as the whole.
    /// - Throws: when the task is cancelled; then nothing was taken.
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
