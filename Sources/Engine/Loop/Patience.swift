// Waiting for tasks, but not for ever.

extension Loop {
    /// Waits until all `tasks` are over, `seconds` at most, whatever becomes of the calling task. Loop thread.
    public func wait(for tasks: [Task<Void, Never>], atMost seconds: Double) async {
        guard !tasks.isEmpty, seconds > 0 else { return }
        let timer = LoopTimer(on: self)
        defer { timer.close() }
        try? await park { (ticket: Ticket<Void>) in
            timer.start(after: seconds) { ticket.resume() }
            spawn {
                for task in tasks { await task.value }
                ticket.resume()
            }
        }
    }
}
