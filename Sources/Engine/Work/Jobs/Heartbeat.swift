// Writes every few seconds that this process is alive, and frees its leases when it stops. One per process. Loop-bound.
import Logging

public final class Heartbeat: BackgroundService {
    private let loop: Loop
    private let database: Database
    private let configuration: WorkConfiguration
    private let log = Logger(label: "jobs")
    private var task: Task<Void, Never>?

    public init(on loop: Loop, database: Database, configuration: WorkConfiguration) {
        self.loop = loop
        self.database = database
        self.configuration = configuration
    }

    public func start() {
        task = loop.spawn { [weak self] in
            while let self, !Task.isCancelled {
                do { try await self.runOnce() } catch {
                    self.log.warning("heartbeat failed", metadata: ["error": "\(error)"])
                }
                do { try await self.loop.sleep(seconds: self.configuration.heartbeatSeconds) } catch { return }
            }
        }
    }

    public func runOnce() async throws(DatabaseError) {
        let isOurs = try await Instances.beat(
            database, instance: configuration.instance, incarnation: configuration.incarnation)
        CrashPoint.heartbeatCommitted.pass()
        if isOurs { return }
        log.error(
            "another process has this instance's name; this process takes no work until it is restarted",
            metadata: ["instance": "\(configuration.instance)"])
    }

    /// Frees the leases. Call it last, when all other services of this process have stopped.
    public func stop() async {
        task?.cancel()
        await task?.value
        do {
            try await Instances.leave(
                database, instance: configuration.instance, incarnation: configuration.incarnation)
        } catch {
            log.warning("leases could not be freed; they expire by themselves", metadata: ["error": "\(error)"])
        }
    }
}
