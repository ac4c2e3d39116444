// Tallies, counts and histograms: the value read equals the value counted, also from another thread.
import Engine
import TestSupport
import Testing

@Suite("Counting", .timeLimit(.minutes(1)))
struct CountingTests {
    enum Fruit: Int, MetricLabel { case apple, passionFruit, wildCherryPlum }

    @Test("a label is its case's name in snake case")
    func labels() {
        #expect(Fruit.allCases.map(\.label) == ["apple", "passion_fruit", "wild_cherry_plum"])
        // Cells are found by the cases' numbers.
        #expect(ProviderOperation.allCases.map(\.rawValue) == Array(0..<ProviderOperation.allCases.count))
    }

    @Test("each case has its own count")
    func counts() {
        let counts = Counts<Fruit>()
        counts.add(.apple)
        counts.add(.passionFruit, 5)
        counts.add(.passionFruit, -2)
        counts.set(.wildCherryPlum, to: 9)
        #expect(Fruit.allCases.map { counts[$0] } == [1, 3, 9])
    }

    @Test("rows of histograms are separate; a value at a bound counts below it, a negative one counts as 0")
    func histograms() {
        let histograms = Histograms(rows: 2, Buckets(seconds: [0.001, 0.002]))
        histograms.observe(nanoseconds: -5, row: 0)
        histograms.observe(nanoseconds: 1_000_000, row: 0)
        histograms.observe(nanoseconds: 2_000_001, row: 1)
        #expect(histograms.snapshot(row: 0).counts == [2, 0, 0])
        #expect(histograms.snapshot(row: 1).counts == [0, 0, 1])
        let both = histograms.snapshot(row: 0) + histograms.snapshot(row: 1)
        #expect(both.counts == [2, 0, 1] && both.count == 3)
        #expect(both.sumNanoseconds == 3_000_001)
    }

    @Test("a reader on another thread sees a counter only grow, up to the last count")
    func threads() async throws {
        let tallies = Tallies(2)
        let total = 200_000
        let writer = Loop(name: "writer")
        writer.post { for _ in 0..<total { tallies.add(at: 1) } }
        var seen = 0
        var fell = false
        while seen < total {
            let now = tallies[1]
            fell = fell || now < seen
            seen = now
        }
        #expect(!fell && seen == total && tallies[0] == 0)
        writer.stop()
        await writer.join()
    }

    @Test("the provider's calls and tokens count in their own places; models beyond the last share it")
    func provider() {
        let metrics = ProviderMetrics()
        metrics.called(.createBatch, .rateLimited, nanoseconds: 1)
        metrics.spent(model: 1, Usage(input: 10, output: 3, cached: 4, cacheWritten: 5, reasoning: 2))
        metrics.spent(model: ProviderMetrics.modelsMax + 7, Usage(input: 1, output: 2))
        for operation in ProviderOperation.allCases {
            for outcome in ProviderMetrics.Outcome.allCases {
                let isIt = operation == .createBatch && outcome == .rateLimited
                #expect(metrics.calls(operation, outcome) == (isIt ? 1 : 0))
            }
        }
        #expect(metrics.tokens(model: 1, .input) == 10 && metrics.tokens(model: 1, .output) == 3)
        #expect(metrics.tokens(model: ProviderMetrics.modelsMax - 1, .output) == 2)
        #expect(metrics.tokens(model: 0, .input) == 0)
        #expect(ProviderMetrics.TokenPart.allCases.map { metrics.tokens(model: 1, $0) } == [4, 5, 2])
        #expect(metrics.tokens(model: 0, .reasoning) == 0)
    }
}
