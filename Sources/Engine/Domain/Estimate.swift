// When a job is likely to end, from what was measured on recent jobs and on this one (C5.3). Pure.

/// Estimates of `estimated_completion`.
public enum Estimate {
    /// How long a recent job took.
    public struct PastJob: Sendable, Equatable {
        public var lots: Int
        public var seconds: Double

        public init(lots: Int, seconds: Double) {
            self.lots = lots
            self.seconds = seconds
        }
    }

    /// Assumed before any job has been measured: what the document's sample shows.
    public static let unmeasuredSeconds = 3600.0
    /// An estimate that has run out is moved on by at least this.
    public static let leastSeconds = 30.0
    /// Samples of the nearest size that are looked at.
    static let nearest = 7
    /// Below this share of its lots a job's own pace says nothing yet.
    static let meaningfulShare = 0.05

    /// Seconds that a job of `lots` takes: the median of the recent jobs nearest in size.
    public static func seconds(lots: Int, recent: [PastJob]) -> Double {
        func distance(_ sample: PastJob) -> Int {
            // Sizes compared by their ratio: 10 is as far from 100 as 100 from 1000.
            let (small, large) = (min(lots, sample.lots), max(lots, sample.lots))
            return large * 16 / max(1, small)
        }
        let near = recent.sorted { distance($0) < distance($1) }.prefix(nearest).map(\.seconds).sorted()
        guard !near.isEmpty else { return unmeasuredSeconds }
        return max(leastSeconds, near[near.count / 2])
    }

    /// When an open job will end. `first` is the estimate made when it was created.
    /// - Returns: a time after `now`, also when shown in whole seconds.
    public static func completion(
        createdAt: Timestamp, now: Timestamp, totalLots: Int, processedLots: Int, first: Timestamp?
    ) -> Timestamp {
        let elapsed = max(0, now - createdAt)
        let share = Double(processedLots) / Double(max(1, totalLots))
        let floor = now + max(leastSeconds, elapsed / 10)
        if share >= meaningfulShare {
            return max(now + leastSeconds, createdAt + elapsed / min(1, share))
        }
        return max(floor, first ?? createdAt + unmeasuredSeconds)
    }
}
