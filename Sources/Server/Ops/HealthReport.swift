// Health report for /health (C9). Loop-bound: one per shard.
import Engine

final class HealthReport {
    /// Longest silence of a worker, seconds. After it the worker counts as dead, and other instances take its jobs.
    static let heartbeatSecondsMax = 10.0
    /// Time for which a report is kept, seconds. /health is open to everybody, and each report counts rows.
    static let freshSeconds = 1.0

    typealias Report = (reply: JSONValue, healthy: Bool)

    private let system: SystemProbe
    private let openAI: OpenAIProbe
    private let database: Database
    private let instance: String
    private let clock: WallClock
    private let shared: SharedLook<Report>

    init(
        on loop: Loop, database: Database, openAI: OpenAIClient, instance: String, clock: WallClock,
        processor: ProcessorShare
    ) {
        shared = SharedLook(on: loop, freshSeconds: HealthReport.freshSeconds)
        system = SystemProbe(on: loop, processor: processor)
        self.openAI = OpenAIProbe(openAI, on: loop)
        self.database = database
        self.instance = instance
        self.clock = clock
    }

    func close() {
        shared.close()
        openAI.close()
    }

    /// Returns one report to all callers of about the same time.
    func make() async -> Report {
        do {
            return try await shared.look { [self] in await look() }
        } catch {
            return (["status": "unhealthy"], false)  // the caller has gone, or the process ends
        }
    }

    private func look() async -> Report {
        let machine = await system.look()
        let provider = await openAI.look()
        let (store, figures) = await databasePart()
        let worker = workerPart(figures)
        let healthy = provider.healthy && figures != nil && worker.healthy
        let reply: JSONValue = .object([
            ("status", healthy ? "healthy" : "unhealthy"),
            ("timestamp", .string(clock.now().description)),
            ("system", machine),
            ("database", store),
            ("background_worker", worker.reply),
            ("openai", provider.reply),
        ])
        return (reply, healthy)
    }

    private func databasePart() async -> (JSONValue, HealthFigures?) {
        guard database.isAvailable else { return (["status": "unhealthy", "error": "not connected"], nil) }
        do throws(DatabaseError) {
            let figures = try await LoadHealthFigures.run(database, instance: instance)
            let deliveries = figures.deliveries24h.map { ($0.status, JSONValue.int($0.count)) }
            let reply: JSONValue = [
                "status": "healthy", "jobs_24h": .int(figures.jobs24h), "webhook_deliveries": .object(deliveries),
            ]
            return (reply, figures)
        } catch {
            return (["status": "unhealthy", "error": "query failed"], nil)
        }
    }

    private func workerPart(_ figures: HealthFigures?) -> (reply: JSONValue, healthy: Bool) {
        let beat = figures?.heartbeat
        let healthy = beat.map { $0.ageSeconds <= HealthReport.heartbeatSecondsMax } ?? false
        let reply: JSONValue = [
            "status": healthy ? "healthy" : "unhealthy", "last_activity": JSONValue(beat?.at.description),
        ]
        return (reply, healthy)
    }
}
