// Durations of recent jobs, cached for `staleSeconds`. Loop-bound: one per shard.
import Engine

final class DurationHistory {
    static let staleSeconds = 30.0

    private var samples: [Estimate.PastJob] = []
    private var loadedAt: Timestamp?

    func recent(_ database: Database, now: Timestamp) async throws(DatabaseError) -> [Estimate.PastJob] {
        if let loadedAt, abs(now - loadedAt) < DurationHistory.staleSeconds { return samples }
        samples = try await RecentDurations.run(database)
        loadedAt = now
        return samples
    }
}
