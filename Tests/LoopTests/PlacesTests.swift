// Who is at work and who waits for it.
import Engine
import TestSupport
import Testing

@Suite("Places at work, and patience", .timeLimit(.minutes(1)))
struct PlacesTests {
    @Test("places go round in the order of asking; whoever was cancelled while waiting gets none and keeps none")
    func order() async throws {
        try await onLoop { loop in
            let places = Places(1, on: loop)
            var log: [Int] = []
            var frees = 0
            places.whenFree = { frees += 1 }
            try await places.enter()
            let tasks = (1...3).map { number in
                loop.spawn {
                    guard (try? await places.enter()) != nil else { return log.append(-number) }
                    log.append(number)
                    await loop.yield()
                    places.leave()
                }
            }
            #expect(places.room == -3 && log.isEmpty)
            tasks[1].cancel()
            await tasks[1].value
            #expect(places.room == -2 && log == [-2])
            places.leave()
            for task in tasks { await task.value }
            #expect(log == [-2, 1, 3])
            #expect(places.room == 1 && frees == 1)
        }
    }

    @Test("waiting for tasks ends with the last of them, or with the time")
    func patience() async throws {
        try await onLoop { loop in
            var isDone = false
            let quick = loop.spawn {
                await loop.yield()
                isDone = true
            }
            await loop.wait(for: [quick], atMost: 60)
            #expect(isDone)
            let endless = loop.spawn { try? await loop.sleep(seconds: 600) }
            await loop.wait(for: [endless], atMost: 0.02)
            #expect(!endless.isCancelled)
            endless.cancel()
            await endless.value
            await loop.wait(for: [endless], atMost: 60)
        }
    }
}
