// A question to the database that many pages ask: one asks for all of them. Loop-bound.
import Engine

final class SharedLook<Value> {
    private let loop: Loop
    private let freshSeconds: Double
    private let restFactor: Double
    private var last: (value: Value, until: Double)?
    private var failure: (any Error)?
    private var asking: LoopTask<Void>?
    private var waiting: [Ticket<Void>] = []

    /// - Parameters:
    ///   - freshSeconds: how long an answer is good for, at least.
    ///   - restFactor: and for so many times what it took, so that the share of a connection that it takes is bounded.
    init(on loop: Loop, freshSeconds: Double, restFactor: Double = 20) {
        self.loop = loop
        self.freshSeconds = freshSeconds
        self.restFactor = restFactor
    }

    func close() { asking?.cancel() }

    /// The answer at hand, or what `ask` gives. Where others are asking already, it is theirs.
    /// - Parameter isGood: whether an answer will do, as far as the caller knows.
    /// - Throws: what `ask` threw; `CancellationError`.
    func look(
        isGood: (Value) -> Bool = { _ in true }, _ ask: @escaping () async throws -> Value
    ) async throws -> Value {
        if let last, Monotonic.seconds() < last.until, isGood(last.value) { return last.value }
        if asking != nil {
            let found = try await outcome()
            if isGood(found) { return found }
        }
        if asking == nil { begin(ask) }
        return try await outcome()
    }

    private func begin(_ ask: @escaping () async throws -> Value) {
        var isOver = false
        let task = LoopTask(on: loop) { [self] in
            let begun = Monotonic.seconds()
            failure = nil
            do {
                let value = try await ask()
                let ended = Monotonic.seconds()
                last = (value, ended + max(freshSeconds, (ended - begun) * restFactor))
            } catch { failure = error }
            isOver = true
            asking = nil
            let all = waiting
            waiting = []
            for ticket in all { ticket.resume() }
        }
        // It may be over already: not everything has to wait.
        asking = isOver ? nil : task
    }

    /// Of what is being asked, or was just now.
    private func outcome() async throws -> Value {
        if asking != nil { try await loop.park { (ticket: Ticket<Void>) in waiting.append(ticket) } }
        if let failure { throw failure }
        guard let last else { throw CancellationError() }
        return last.value
    }
}
