// Load of the instance in the last hour, in memory, for the web interface's charts. Prometheus keeps longer histories.
import Engine

/// Counts of one period, summed over all shards.
struct TrendSample: Equatable, Sendable {
    var requests = 0
    /// Replies with a status of 500 or more, and replies broken off.
    var failures = 0
    var lots = 0
    var providerCalls = 0
    /// Calls answered with 429.
    var providerRefusals = 0
    var webhookAttempts = 0

    static func - (a: TrendSample, b: TrendSample) -> TrendSample {
        TrendSample(
            requests: a.requests - b.requests, failures: a.failures - b.failures, lots: a.lots - b.lots,
            providerCalls: a.providerCalls - b.providerCalls,
            providerRefusals: a.providerRefusals - b.providerRefusals,
            webhookAttempts: a.webhookAttempts - b.webhookAttempts)
    }
}

/// The last hour, oldest first. Thread: any.
final class Trends: Sendable {
    /// Length of a period, seconds.
    static let periodSeconds = 10.0
    /// Periods that are kept: an hour.
    static let periods = 360

    private let ring = Lock([TrendSample]())

    func append(_ sample: TrendSample) {
        ring.withLock { ring in
            if ring.count == Trends.periods { ring.removeFirst() }
            ring.append(sample)
        }
    }

    var samples: [TrendSample] { ring.withLock { $0 } }
}

/// Records the counters of all shards period by period. Loop-bound: one per process, on its first shard.
final class TrendRecorder {
    private let timer: LoopTimer
    private let shards: [ShardMetrics]
    private let trends: Trends
    private var last: TrendSample

    init(on loop: Loop, shards: [ShardMetrics], into trends: Trends) {
        self.shards = shards
        self.trends = trends
        last = TrendRecorder.totals(shards)
        timer = LoopTimer(on: loop)
        timer.start(after: Trends.periodSeconds, repeating: Trends.periodSeconds) { [unowned self] in note() }
    }

    func close() { timer.close() }

    func note() {
        let now = TrendRecorder.totals(shards)
        trends.append(now - last)
        last = now
    }

    private static func totals(_ shards: [ShardMetrics]) -> TrendSample {
        var sum = TrendSample()
        for shard in shards {
            let requests = shard.requests.totals
            sum.requests += requests.all
            sum.failures += requests.failed
            sum.lots += shard.intake[.lots]
            for operation in ProviderOperation.allCases {
                for outcome in ProviderMetrics.Outcome.allCases {
                    sum.providerCalls += shard.provider.calls(operation, outcome)
                }
                sum.providerRefusals += shard.provider.calls(operation, .rateLimited)
            }
            for outcome in WebhookMetrics.Outcome.allCases {
                sum.webhookAttempts += shard.webhooks.attempts[outcome]
            }
        }
        return sum
    }
}
