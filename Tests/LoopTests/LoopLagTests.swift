// What a busy loop makes others wait, measured.
import Engine
import TestSupport
import Testing

@Suite("A loop's lag", .timeLimit(.minutes(1)))
struct LoopLagTests {
    @Test("C9: a loop that was busy comes late to its timer, and that is measured")
    func lag() async throws {
        try await onLoop { loop in
            let lag = LoopLag(on: loop)
            let metrics = loop.metrics
            #expect(metrics.silence(now: Monotonic.nanoseconds()) == nil)
            while metrics.lag.snapshot().count == 0 { try await loop.sleep(seconds: 0.01) }
            let before = metrics.lag.snapshot()
            // Longer than to the next tick by 0.2 s at least: the loop is kept from it.
            let end = Monotonic.nanoseconds() + 300_000_000
            while Monotonic.nanoseconds() < end {}
            let silence = try #require(metrics.silence(now: Monotonic.nanoseconds()))
            #expect(silence >= 290_000_000)
            while metrics.lag.snapshot().count == before.count { try await loop.sleep(seconds: 0.01) }
            let late = metrics.lag.snapshot().sumNanoseconds - before.sumNanoseconds
            #expect(late >= 190_000_000)
            // The ticks go on. If the machine holds this thread up between two looks, the next look is better.
            while try #require(metrics.silence(now: Monotonic.nanoseconds())) >= silence {
                try await loop.sleep(seconds: 0.01)
            }
            lag.close()
        }
    }

    @Test("C9: a loop tells how many jobs were ready when it looked")
    func ready() async throws {
        try await onLoop { loop in
            // They are ready turn after turn; which of our looks finds all of them depends on the optimiser.
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
