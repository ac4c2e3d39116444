// Each schedule of delays, with its figures.
import Testing

@testable import Engine

@Suite("Back-off", .timeLimit(.minutes(1)))
struct BackOffTests {
    @Test("between half of the doubled delay and all of it; zero without a failure")
    func delays() {
        let backOff = BackOff(firstSeconds: 1, mostSeconds: 10)
        #expect(backOff.delay(failures: 0, jitter: 0.5) == 0)
        #expect((1...6).map { backOff.delay(failures: $0, jitter: 0) } == [0.5, 1, 2, 4, 5, 5])
        #expect(backOff.delay(failures: 3, jitter: 0.5) == 3)
        #expect(backOff.delay(failures: .max, jitter: 0) == 5)
    }

    @Test("connections to the database: 0.1 s to 5 s; work that waits for the database: 0.2 s to 3 s")
    func database() {
        #expect((0...8).map { BackOff.reconnect.longest(failures: $0) } == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5])
        #expect(BackOff.reconnect.delay(failures: 1, jitter: 0) == 0.05)
        #expect((0...6).map { BackOff.insistence.longest(failures: $0) } == [0, 0.2, 0.4, 0.8, 1.6, 3, 3])
        #expect(BackOff.insistence.delay(failures: 9, jitter: 0) == 1.5)
    }

    @Test("calls to the provider: 0.5 s to 8 s, minus up to a quarter")
    func calls() {
        let policy = RetryPolicy()
        #expect((0..<7).map { policy.backOff(retriesDone: $0, random: 0) } == [0.5, 1, 2, 4, 8, 8, 8])
        #expect((0..<7).map { policy.backOff(retriesDone: $0, random: 1) } == [0.375, 0.75, 1.5, 3, 6, 6, 6])
    }

    @Test("failed names are looked up again after 15 s to 600 s")
    func names() {
        #expect((1...8).map { HostNames.backOff.longest(failures: $0) } == [15, 30, 60, 120, 240, 480, 600, 600])
    }

    @Test("silent hosts are tried again after 30 s to 600 s")
    func hosts() {
        #expect((1...7).map { SilentHosts.backOff.longest(failures: $0) } == [30, 60, 120, 240, 480, 600, 600])
    }

    @Test("deliveries: each wait is twice the one before it, at most 2^20 times the first")
    func deliveries() {
        let schedule = DeliverySchedule(attemptsMax: 100, baseSeconds: 30)
        func wait(_ attempt: Int) -> DeliverySchedule.NextStep { schedule.verdict(attempt: attempt, succeeded: false) }
        #expect((1...4).map(wait) == [30, 60, 120, 240].map { .again(afterSeconds: $0) })
        #expect(wait(21) == .again(afterSeconds: 30 * 1_048_576) && wait(99) == wait(21))
        let none = DeliverySchedule(attemptsMax: 3, baseSeconds: 0)
        #expect(none.verdict(attempt: 2, succeeded: false) == .again(afterSeconds: 0))
    }
}
