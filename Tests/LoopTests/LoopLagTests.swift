// The measured lag of a busy loop.
import Engine
import TestSupport
import Testing

@Suite("A loop's lag", .timeLimit(.minutes(1)))
struct LoopLagTests {
    @Test("C9: a busy loop is late for its timer, and the lag is measured")
    func lag() async throws {
        try await onLoop { loop in
            let lag = LoopLag(on: loop)
            let metrics = loop.metrics
            #expect(metrics.silence(now: Monotonic.nanoseconds()) == nil)
            while metrics.lag.snapshot().count == 0 { try await loop.sleep(seconds: 0.01) }
            let before = metrics.lag.snapshot()
            // Blocks the loop for at least 0.2 s beyond the next tick.
            let end = Monotonic.nanoseconds() + 300_000_000
            while Monotonic.nanoseconds() < end {}
            let silence = try #require(metrics.silence(now: Monotonic.nanoseconds()))
            #expect(silence >= 290_000_000)
            while metrics.lag.snapshot().count == before.count { try await loop.sleep(seconds: 0.01) }
            let late = metrics.lag.snapshot().sumNanoseconds - before.sumNanoseconds
            #expect(late >= 190_000_000)
            // The ticks continue. If the machine delays this thread between two reads, the next read is better.
            while try #require(metrics.silence(now: Monotonic.nanoseconds())) >= silence {
                try await loop.sleep(seconds: 0.01)
            }
            lag.close()
        }
    }

    @Test("C9: a loop reports the number of ready jobs in a turn")
    func ready() async throws {
        try await onLoop { loop in
            // They are ready in each turn; which read finds all of them depends on the optimiser.
            for _ in 0..<3 { loop.spawn { for _ in 0..<20 { await loop.yield() } } }
            var most = 0
            for _ in 0..<10 {
                await loop.yield()
                most = max(most, loop.metrics.ready)
            }
            #expect(most >= 3)
        }
    }
}
