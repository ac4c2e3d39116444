// The schedule of a webhook's attempts, and the bounds on simultaneous deliveries. Pure; any thread.
import Engine
import Testing

@Suite("Schedule and bounds of webhook deliveries")
struct DeliveryScheduleTests {
    @Test("C6.2: attempts at 0, 30, 60, 120 and 240 s, then failed")
    func schedule() {
        let schedule = DeliverySchedule()
        let waits = (1...4).map { schedule.verdict(attempt: $0, succeeded: false) }
        #expect(waits == [30, 60, 120, 240].map { .again(afterSeconds: $0) })
        #expect(schedule.verdict(attempt: 5, succeeded: false) == .failed)
        #expect(schedule.verdict(attempt: 3, succeeded: true) == .delivered)
        #expect(
            [199, 200, 201, 202, 203, 204, 301, 500].map(DeliverySchedule.isSuccess) == [
                false, true, true, true, false, false, false, false,
            ])
    }

    @Test("C6.2: WEBHOOK_MAX_RETRIES is the number of attempts, WEBHOOK_RETRY_BASE the first wait")
    func scaledSchedule() {
        let schedule = DeliverySchedule(attemptsMax: 3, baseSeconds: 0.5)
        #expect(
            (1...3).map { schedule.verdict(attempt: $0, succeeded: false) } == [
                .again(afterSeconds: 0.5), .again(afterSeconds: 1), .failed,
            ])
        #expect(DeliverySchedule(attemptsMax: 1).verdict(attempt: 1, succeeded: false) == .failed)
        // More attempts than the setting allows now: it was lowered while the delivery waited.
        #expect(schedule.verdict(attempt: 4, succeeded: false) == .failed)
    }

    @Test("C6.3: a repeated delivery continues its attempt numbers, and its schedule restarts")
    func series() {
        let first = delivery(attempts: 4, before: 0)
        #expect(first.nextAttempt == 5 && first.nextInSeries == 5)
        let anew = delivery(attempts: 7, before: 5)
        #expect(anew.nextAttempt == 8 && anew.nextInSeries == 3)
        let verdict = DeliverySchedule().verdict(attempt: anew.nextInSeries, succeeded: false)
        #expect(verdict == .again(afterSeconds: 120))
    }

    private func delivery(
        attempts: Int, before: Int, receiver: String = "a", job: Identifier = .random()
    ) -> DeliveryRecord {
        DeliveryRecord(
            id: .random(), job: job, url: "https://\(receiver)/x", receiver: receiver, event: "e",
            attempts: attempts, attemptsBefore: before)
    }

    @Test("C6.3: a receiver and a job are full at their bounds, and have room again after an end")
    func load() {
        var load = DeliveryLoad(perReceiverMax: 1, perJobMax: 2)
        let job = Identifier.random()
        let hooks = ["a", "b", "c"].map { delivery(attempts: 0, before: 0, receiver: $0, job: job) }
        load.began(hooks[0])
        #expect(!load.hasRoom(for: delivery(attempts: 0, before: 0, receiver: "a")))
        #expect(load.hasRoom(for: hooks[1]))
        load.began(hooks[1])
        #expect(!load.hasRoom(for: hooks[2]))
        #expect(load.hasRoom(for: delivery(attempts: 0, before: 0, receiver: "c")))
        load.ended(hooks[0])
        #expect(load.hasRoom(for: hooks[2]) && load.receivers == ["b": 1] && load.jobs == [job: 1])
        load.ended(hooks[1])
        #expect(load.receivers.isEmpty && load.jobs.isEmpty)
    }
}
