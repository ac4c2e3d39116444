// The loop as an executor: order, timers, polls, cancellation, shutdown. Several threads meet on purpose.
import Engine
import TestSupport
import Testing

@Suite("The loop as an executor", .timeLimit(.minutes(1)))
struct LoopTests {
    @Test("a task started on the loop stays there through every suspension")
    func staysOnLoop() async throws {
        try await onLoop { loop in
            for _ in 0..<100 {
                loop.assertOnLoop()
                try await loop.sleep(seconds: 0.0001)
                loop.assertOnLoop()
                await nested(loop)
                await loop.yield()
                loop.assertOnLoop()
            }
        }
    }

    private func nested(_ loop: Loop) async {
        loop.assertOnLoop()
        try? await loop.sleep(seconds: 0)
        loop.assertOnLoop()
    }

    @Test("spawn runs at once until the first suspension")
    func spawnIsImmediate() async throws {
        try await onLoop { loop in
            var order: [Int] = []
            let task = loop.spawn {
                order.append(1)
                await loop.yield()
                order.append(3)
            }
            order.append(2)
            await task.value
            #expect(order == [1, 2, 3])
        }
    }

    @Test("posts from other threads run on the loop, in order")
    func posts() async throws {
        let loop = Loop(name: "posts")
        let seen = Lock<[Int]>([])
        await withCheckedContinuation { continuation in
            for number in 0..<1000 {
                loop.post {
                    loop.assertOnLoop()
                    seen.withLock { $0.append(number) }
                    if number == 999 { continuation.resume() }
                }
            }
        }
        #expect(seen.withLock { $0 } == Array(0..<1000))
        loop.stop()
        await loop.join()
    }

    @Test("cancelling from another thread reaches a parked continuation")
    func cancellation() async throws {
        let loop = Loop(name: "cancel")
        let task = Task {
            await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
                loop.launch {
                    var hookRan = false
                    let inner = loop.spawn {
                        do {
                            let _: Int = try await loop.park { $0.whenCancelled = { hookRan = true } }
                        } catch {}
                    }
                    // A thread that is not the loop's.
                    await Task.detached { inner.cancel() }.value
                    await inner.value
                    done.resume(returning: hookRan)
                }
            }
        }
        #expect(await task.value)
        loop.stop()
        await loop.join()
    }

    @Test("a ticket resumed before its task parks is not lost, and resuming twice is harmless")
    func earlyResume() async throws {
        try await onLoop { loop in
            let value: Int = try await loop.park { ticket in
                ticket.resume(1)
                ticket.resume(2)
            }
            #expect(value == 1)
        }
    }

    @Test("a task cancelled before it parks does not park")
    func cancelledBefore() async throws {
        try await onLoop { loop in
            var cancelled = false
            let task = loop.spawn {
                await loop.yield()
                do { try await loop.sleep(seconds: 3600) } catch { cancelled = true }
            }
            task.cancel()
            await task.value
            #expect(cancelled)
        }
    }

    @Test("sleepers wake in the order of their times, timers repeat until closed")
    func timers() async throws {
        try await onLoop { loop in
            var order: [Int] = []
            let tasks = [3, 1, 2].map { number in
                loop.spawn {
                    try? await loop.sleep(seconds: Double(number) * 0.2)
                    order.append(number)
                }
            }
            for task in tasks { await task.value }
            #expect(order == [1, 2, 3])

            let timer = LoopTimer(on: loop)
            var count = 0
            let _: Void = try await loop.park { ticket in
                timer.start(after: 0, repeating: 0.001) {
                    count += 1
                    if count < 5 { return }
                    timer.close()
                    ticket.resume()
                }
            }
            #expect(count == 5)
        }
    }

    @Test("tasks hop between two loops and arrive")
    func hops() async throws {
        let other = Loop(name: "other")
        try await onLoop { loop in
            for _ in 0..<100 {
                let came: Bool = await withCheckedContinuation { continuation in
                    other.post { continuation.resume(returning: other.isCurrent) }
                }
                #expect(came)
                loop.assertOnLoop()
            }
        }
        other.stop()
        await other.join()
    }

    @Test("many simultaneous tasks all end")
    func many() async throws {
        try await onLoop { loop in
            var done = 0
            let tasks = (0..<5000).map { number in
                loop.spawn {
                    if number % 3 == 0 { await loop.yield() } else { try? await loop.sleep(seconds: 0.001) }
                    done += 1
                }
            }
            for task in tasks { await task.value }
            #expect(done == 5000)
        }
    }

    @Test("a descriptor that cannot be watched gives nil and stays open")
    func unwatchable() async throws {
        try await onLoop { loop in
            #expect(LoopPoll(-1, on: loop) == nil)
            await loop.yield()
        }
    }
}
