// Holders and waiters of a budget.
import Engine
import TestSupport
import Testing

@Suite("Budgets of a loop, and bounded waits", .timeLimit(.minutes(1)))
struct LoopBudgetTests {
    @Test("places are granted in order; a cancelled waiter gets none and keeps none")
    func order() async throws {
        try await onLoop { loop in
            let places = LoopBudget(1, on: loop)
            var log: [Int] = []
            var frees = 0
            places.whenFree = { frees += 1 }
            try await places.take()
            let tasks = (1...3).map { number in
                loop.spawn {
                    guard (try? await places.take()) != nil else { return log.append(-number) }
                    log.append(number)
                    await loop.yield()
                    places.give()
                }
            }
            #expect(places.room == -3 && log.isEmpty)
            tasks[1].cancel()
            await tasks[1].value
            #expect(places.room == -2 && log == [-2])
            places.give()
            for task in tasks { await task.value }
            #expect(log == [-2, 1, 3])
            #expect(places.room == 1 && frees == 1)
        }
    }

    @Test("a large request waits for its whole amount, and smaller ones behind it; cancelled, it lets them pass")
    func weights() async throws {
        try await onLoop { loop in
            let budget = LoopBudget(10, on: loop)
            var log: [Int] = []
            try await budget.take(4)
            let tasks = [99, 6, 5].map { amount in
                loop.spawn { log.append((try? await budget.take(amount)) == nil ? -amount : amount) }
            }
            #expect(budget.room == 6 - 10 - 6 - 5 && log.isEmpty)
            tasks[0].cancel()
            await tasks[0].value
            await tasks[1].value
            #expect(budget.room == -5 && Set(log) == [-99, 6])
            budget.give(6)
            await tasks[2].value
            budget.give(5)
            budget.give(4)
            #expect(budget.room == 10)
        }
    }

    @Test("a wait for tasks ends with the last one, or at the time limit")
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
