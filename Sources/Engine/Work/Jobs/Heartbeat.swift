// Says every few seconds that this instance lives; gives its leases back when it leaves. One a process. Loop-bound.
import Logging

public final class Heartbeat: BackgroundService {
    private let loop: Loop
    private let database: Database
    private let configuration: WorkConfiguration
    private let names: NameKeeper
    private let log = Logger(label: "jobs")
    private var task: Task<Void, Never>?

    public init(on loop: Loop, database: Database, configuration: WorkConfiguration, names: NameKeeper) {
        self.loop = loop
        self.database = database
        self.configuration = configuration
        self.names = names
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
        let name = configuration.instance
        let isOurs = try await Instances.beat(database, instance: name, incarnation: configuration.incarnation)
        CrashPoint.heartbeatCommitted.pass()
        if !isOurs, name == configuration.instance { names.renew() }
    }

    /// Call it last: the leases go back, so nobody of this process may be at work any more.
    public func stop() async {
        task?.cancel()
        await task?.value
        do {
            try await Instances.leave(
                database, instance: configuration.instance, incarnation: configuration.incarnation)
        } catch {
            log.warning("leases could not be handed over; they lapse by themselves", metadata: ["error": "\(error)"])
        }
    }
}
