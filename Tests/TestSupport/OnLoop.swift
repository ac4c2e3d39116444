// Runs a test's body on a new loop and waits for the loop's orderly end.
import Engine

/// Makes a loop, runs `body` on its thread, ends the loop. A handle that `body` leaves open keeps the loop from ending,
/// so that the test hangs until its time limit: this detects leaks.
public func onLoop<Value: Sendable>(
    _ name: String = "test", _ body: @escaping @Sendable (Loop) async throws -> Value
) async throws -> Value {
    let loop = Loop(name: name)
    let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
        loop.launch {
            do { continuation.resume(returning: .success(try await body(loop))) } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
    loop.stop()
    await loop.join()
    return try result.get()
}
