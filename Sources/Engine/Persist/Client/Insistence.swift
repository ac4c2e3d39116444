// Retries writes that must not be lost while the database is away. Thread: the loop's.

extension Database {
    /// Repeats `write` until it succeeds, with growing pauses. In a cancelled task the pause
    /// ends at once and one more attempt follows.
    /// - Parameters:
    ///   - seconds: no further attempt begins after this time.
    ///   - goesOn: called after each failure with the number of failures; false ends the attempts.
    /// - Returns: the last error, or nil if the write succeeded.
    public func insist(
        seconds: Double = .infinity, goesOn: (any Error, Int) -> Bool, _ write: () async throws -> Void
    ) async -> (any Error)? {
        let end = Monotonic.seconds() + seconds
        var failures = 0
        while true {
            do {
                try await write()
                return nil
            } catch {
                failures += 1
                guard goesOn(error, failures), Monotonic.seconds() < end else { return error }
                let pause = BackOff.insistence.delay(failures: failures, jitter: Double.random(in: 0..<1))
                try? await loop.sleep(seconds: pause)
            }
        }
    }
}
