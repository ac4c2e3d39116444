// A helper of the driver (a simulator, an uploader) on its own loop and thread. Thread: any; the value itself stays on
// its loop.
import Engine

final class Beside<Value>: Sendable {
    private let loop: Loop
    private let bound: LoopBound<Value>

    private init(_ bound: LoopBound<Value>) {
        self.bound = bound
        loop = bound.loop
    }

    /// Starts a loop and makes the value on it.
    static func start(_ name: String, _ make: @escaping @Sendable (Loop) throws -> Value) async throws -> Beside {
        let loop = Loop(name: name)
        let result: Result<LoopBound<Value>, DriverError> = await withCheckedContinuation { continuation in
            loop.launch {
                do {
                    continuation.resume(returning: .success(LoopBound(try make(loop), on: loop)))
                } catch {
                    continuation.resume(returning: .failure(error as? DriverError ?? DriverError("\(name): \(error)")))
                }
            }
        }
        if case .failure = result {
            loop.stop()
            await loop.join()
        }
        return Beside(try result.get())
    }

    /// Runs `body` with the value, on the value's loop.
    func run<Answer: Sendable>(
        _ body: @escaping @Sendable (Value, Loop) async throws -> Answer
    ) async throws -> Answer {
        let result: Result<Answer, any Error> = await withCheckedContinuation { [loop, bound] continuation in
            loop.launch {
                do { continuation.resume(returning: .success(try await body(bound.value, loop))) } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Closes the value, then the loop.
    func close(_ body: @escaping @Sendable (Value) async -> Void = { _ in }) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            loop.launch { [bound] in
                await body(bound.value)
                continuation.resume()
            }
        }
        loop.stop()
        await loop.join()
    }
}
