// The pace of direct calls, and the turns of jobs among them.
import TestSupport
import Testing

@testable import Engine

@Suite("The pace of direct calls", .timeLimit(.minutes(1)))
struct CallPaceTests {
    private typealias Running = Task<Void, Never>

    @Test("a rate limit halves the calls at the same time, once for those under way; answers raise them again")
    func halves() {
        var pace = CallPace(most: 8)
        var calls = (0..<8).compactMap { _ in pace.begin() }
        #expect(calls.count == 8)
        #expect(pace.begin() == nil)
        for _ in 0..<3 { pace.end(calls.removeFirst(), .overloaded) }
        #expect(pace.limit == 4)
        #expect(pace.begin() == nil)  // five are under way
        pace.end(calls.removeFirst(), .answered)
        pace.end(calls.removeFirst(), .other)
        let later = pace.begin()
        #expect(later != nil)
        for call in calls { pace.end(call, .answered) }
        // Four answers at a limit of four.
        #expect(pace.limit == 5)
        pace.end(later!, .overloaded)  // not nil, see above
        #expect(pace.limit == 2)
        for _ in 0..<100 { pace.end(pace.begin()!, .answered) }  // one at a time has always a place
        #expect(pace.limit == 8 && pace.running == 0)
    }

    @Test("at least one call goes on, however often the provider refuses")
    func least() {
        var pace = CallPace(most: 3)
        for _ in 0..<20 { pace.end(pace.begin()!, .overloaded) }  // one at a time has always a place
        #expect(pace.limit == 1)
        #expect(CallPace(most: 0).limit == 1)
    }

    @Test("signs of overload: rate limits, time-outs, 503; not what the operator or the lot causes")
    func signs() {
        let signs: [OpenAIError.Kind] = [.rateLimited, .timedOut, .api(status: 503, code: nil, message: "")]
        let others: [OpenAIError.Kind] = [
            .quota, .modelNotFound, .unavailable, .refused(""), .api(status: 400, code: nil, message: ""),
        ]
        for kind in signs { #expect(CallPace.Outcome(OpenAIError(kind)) == .overloaded, "\(kind)") }
        for kind in others { #expect(CallPace.Outcome(OpenAIError(kind)) == .other, "\(kind)") }
    }

    @Test("the provider's 500 for one lot is the lot's own once others are answered; nothing else is")
    func whoseFault() {
        func api(_ status: Int, _ code: String? = nil) -> OpenAIError {
            OpenAIError(.api(status: status, code: code, message: ""))
        }
        let first = DirectSituation(hasAnswers: false)
        let among = DirectSituation(hasAnswers: true, othersAnswered: true)
        let again = DirectSituation(hasAnswers: true, failures: 1)
        #expect(first.endsPage(with: api(500)) && !among.endsPage(with: api(500)) && !again.endsPage(with: api(500)))
        for status in [401, 403, 502, 503, 504] { #expect(among.endsPage(with: api(status)), "\(status)") }
        for kind in [OpenAIError.Kind.quota, .rateLimited, .modelNotFound, .unavailable] {
            #expect(again.endsPage(with: OpenAIError(kind)), "\(kind)")
        }
        // A refusal of the form stops the stage only before its first answer.
        #expect(first.endsPage(with: api(400, "unknown_parameter")))
        #expect(!among.endsPage(with: api(400, "unknown_parameter")))
        for error in [api(400), OpenAIError(.refused("")), OpenAIError(.timedOut, mayHaveArrived: true)] {
            #expect(!first.endsPage(with: error))
        }
    }

    @Test("jobs take turns: with one waiting call each, a small job does not wait for the lots of a large one")
    func turns() async throws {
        try await onLoop { loop in
            let calls = DirectCalls(2, on: loop)
            var order: [String] = []
            func job(_ name: String, lots: Int) -> Running {
                loop.spawn {
                    let turn = LoopBudget(1, on: loop)
                    try? await loop.forEach(lots, atMost: calls.most) { _ in
                        try? await turn.take()
                        let call = try? await calls.take()
                        turn.give()
                        order.append(name)
                        await loop.yield()
                        if let call { calls.give(call, .other) }
                    }
                }
            }
            let all = [job("large", lots: 40), job("small", lots: 4)]
            for task in all { await task.value }
            #expect(order.count == 44)
            // At most every second place is the large job's while the small one has lots.
            let last = order.lastIndex(of: "small") ?? 44
            #expect(last <= 10, "\(order.prefix(12))")
        }
    }

    @Test("a waiting call that is cancelled leaves its place to the next one")
    func cancelled() async throws {
        try await onLoop { loop in
            let calls = DirectCalls(1, on: loop)
            let first = try await calls.take()
            var ends: [String] = []
            func waiter(_ name: String) -> Running {
                loop.spawn { ends.append((try? await calls.take()) == nil ? "\(name) cancelled" : "\(name) begins") }
            }
            let (second, third) = (waiter("second"), waiter("third"))
            await loop.yield()
            second.cancel()
            await second.value
            calls.give(first, .other)
            await third.value
            #expect(ends == ["second cancelled", "third begins"])
        }
    }
}
