// One question for many callers: one caller asks, all get the answer, and the answer is kept for a while. Loop-bound.

/// A single-flight cache of one value.
public final class SharedLook<Value> {
    /// The answer did not come within the caller's patience.
    public struct Late: Error {}

    private let loop: Loop
    private let freshSeconds: Double
    private let restFactor: Double
    private let now: () -> Double
    private var last: (value: Value, until: Double)?
    private var failure: (any Error)?
    private var asking: LoopTask<Void>?
    private var waiting: [Ticket<Void>] = []

    /// - Parameters:
    ///   - freshSeconds: minimum time for which an answer is kept.
    ///   - restFactor: an answer is also kept for this many times the duration of the question, which bounds the share
    ///     of a connection that the question takes.
    ///   - now: seconds of a clock that never goes back.
    public init(
        on loop: Loop, freshSeconds: Double, restFactor: Double = 0,
        now: @escaping () -> Double = { Monotonic.seconds() }
    ) {
        self.loop = loop
        self.freshSeconds = freshSeconds
        self.restFactor = restFactor
        self.now = now
    }

    public func close() { asking?.cancel() }

    /// Returns the kept answer, or the one that `ask` gives. If another caller is asking already, waits for its answer.
    /// A failed question is not kept.
    /// - Parameters:
    ///   - patienceSeconds: longest wait; nil: as long as it takes. The question goes on for the next caller.
    ///   - isGood: whether an answer is current, as far as the caller knows.
    /// - Throws: the error of `ask`; ``Late``; `CancellationError`.
    public func look(
        atMost patienceSeconds: Double? = nil, isGood: (Value) -> Bool = { _ in true },
        _ ask: @escaping () async throws -> Value
    ) async throws -> Value {
        if let last, now() < last.until, isGood(last.value) { return last.value }
        if asking != nil {
            let found = try await outcome(patienceSeconds)
            if isGood(found) { return found }
        }
        if asking == nil { begin(ask) }
        return try await outcome(patienceSeconds)
    }

    private func begin(_ ask: @escaping () async throws -> Value) {
        var isOver = false
        let task = LoopTask(on: loop) { [self] in
            let begun = now()
            failure = nil
            do {
                let value = try await ask()
                let ended = now()
                last = (value, ended + max(freshSeconds, (ended - begun) * restFactor))
            } catch { failure = error }
            isOver = true
            asking = nil
            let all = waiting
            waiting = []
            for ticket in all { ticket.resume() }
        }
        // The question may be over already: not every one has to wait.
        asking = isOver ? nil : task
    }

    /// Waits for the question under way and returns the latest answer.
    private func outcome(_ patienceSeconds: Double?) async throws -> Value {
        if asking != nil { try await wait(patienceSeconds) }
        if let failure { throw failure }
        guard let last else { throw CancellationError() }
        return last.value
    }

    private func wait(_ patienceSeconds: Double?) async throws {
        guard let patienceSeconds else {
            return try await loop.park { (ticket: Ticket<Void>) in waiting.append(ticket) }
        }
        let timer = LoopTimer(on: loop)
        defer { timer.close() }
        var isLate = false
        try await loop.park { (ticket: Ticket<Void>) in
            waiting.append(ticket)
            timer.start(after: patienceSeconds) {
                isLate = true
                ticket.resume()
            }
        }
        if isLate { throw Late() }
    }
}
