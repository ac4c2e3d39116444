// Waiting for tasks with a time limit.

extension Loop {
    /// Waits until all `tasks` have ended, for at most `seconds`, even if the calling task is cancelled. Loop thread.
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
