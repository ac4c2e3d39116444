// Writing what must not be lost although the database is away for a while. Thread: the loop's.

extension Database {
    /// Makes `write` again and again until it succeeds, with growing pauses. A cancelled task does not sit its pause
    /// out, but makes one more attempt.
    /// - Parameters:
    ///   - seconds: after this no further attempt is begun.
    ///   - goesOn: asked after each failure with their number; false ends it.
    /// - Returns: the last error; nil: it is written.
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
