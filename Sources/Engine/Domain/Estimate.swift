// Estimates the end of a job from measurements of recent jobs and of this one (C5.3). Pure.

/// Computes `estimated_completion`.
public enum Estimate {
    /// Size and duration of a recent job.
    public struct PastJob: Sendable, Equatable {
        public var lots: Int
        public var seconds: Double

        public init(lots: Int, seconds: Double) {
            self.lots = lots
            self.seconds = seconds
        }
    }

    /// Assumed duration until a job has been measured; the value of the document's sample.
    public static let unmeasuredSeconds = 3600.0
    /// An estimate in the past moves at least this far into the future, seconds.
    public static let leastSeconds = 30.0
    /// Number of samples, nearest in size, that an estimate uses.
    static let nearest = 7
    /// Until this share of its lots is processed, a job's own pace is ignored.
    static let meaningfulShare = 0.05

    /// Seconds that a job of `lots` lots takes: the median of the recent jobs nearest in size.
    public static func seconds(lots: Int, recent: [PastJob]) -> Double {
        func distance(_ sample: PastJob) -> Int {
            // Compares sizes by their ratio: 10 is as far from 100 as 100 from 1000.
            let (small, large) = (min(lots, sample.lots), max(lots, sample.lots))
            return large * 16 / max(1, small)
        }
        let near = recent.sorted { distance($0) < distance($1) }.prefix(nearest).map(\.seconds).sorted()
        guard !near.isEmpty else { return unmeasuredSeconds }
        return max(leastSeconds, near[near.count / 2])
    }

    /// Estimates the end of an open job. `first` is the estimate made when it was created.
    /// - Returns: a time after `now`, even when shown in whole seconds.
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
