// Makes sure that no two living processes go by one name: each heartbeat would say that the other's leases and key
// claims are a dead man's, and both would do, and pay for, the same work. One a process. Loop-bound.
//
// The name is an advisory lock on a connection that does nothing else. A killed process loses it with its connection,
// so the next one under this name has it at once; to a living one it stays, and the newcomer takes another name.
//
// If that connection breaks while the process lives, the lock is free until it is taken again, usually a tenth of a
// second later. Another process that starts in this moment gets the name and the row of heartbeats. Then our own
// heartbeats change nothing any more (``Instances/beat``), nothing is claimed, and within two seconds we go on by
// another name, to which our leases and key claims are moved. What the other process took over meanwhile has a higher
// epoch, or another claim: our writes to it are refused, as they are after any lost lease.
import Logging

public final class NameKeeper {
    /// A name is tried for so long: whoever was killed just now is gone by then; seconds.
    static let patienceSeconds = 1.5
    /// Between two tries, seconds.
    static let retrySeconds = 0.1

    private static let lockStatement = Statement(
        "instance_lock", "SELECT pg_try_advisory_lock(hashtextextended('generation-service instance ' || $1, 0))")

    private let loop: Loop
    private let database: Database
    private let configuration: WorkConfiguration
    private let lock: AdvisoryLock
    private let log = Logger(label: "jobs")
    private var isKept = false
    private var task: Task<Void, Never>?

    public init(on loop: Loop, database: Database, configuration: WorkConfiguration) {
        self.loop = loop
        self.database = database
        self.configuration = configuration
        lock = AdvisoryLock(on: loop, configuration: database.configuration, statement: Self.lockStatement)
        lock.lost = { [weak self] in self?.retake() }
    }

    /// Takes the name, or another one if it stays taken, and keeps it from then on.
    public func take() async throws {
        do { try await takeName() } catch {
            lock.drop()
            throw error
        }
    }

    private func takeName() async throws {
        let wanted = configuration.instance
        let name = try await tryForAWhile(wanted) ? wanted : try await another(than: wanted)
        if configuration.hasHeartbeat {
            CrashPoint.nameEntering.pass()
            try await Instances.enter(database, instance: name, incarnation: configuration.incarnation)
            CrashPoint.nameEntered.pass()
        }
        if name != wanted {
            if isKept {
                CrashPoint.nameMoving.pass()
                try await Instances.move(database, to: name, incarnation: configuration.incarnation)
                CrashPoint.nameMoved.pass()
            }
            configuration.name.change(to: name)
            log.warning(
                "the name of this instance is another one's; it goes by another name",
                metadata: ["taken": "\(wanted)", "instance": "\(name)"])
        }
        guard lock.isHeld else { throw DatabaseError.unavailable("the name's connection was lost") }
        isKept = true
    }

    /// The row of heartbeats is somebody else's: our lock is gone without our knowing, or belongs to another server.
    public func renew() { lock.drop() }

    /// Lets others have the name.
    public func close() async {
        isKept = false
        task?.cancel()
        await task?.value
        lock.close()
    }

    private func tryForAWhile(_ name: String) async throws -> Bool {
        let end = Monotonic.seconds() + Self.patienceSeconds
        while true {
            if try await lock.take(name) { return true }
            guard Monotonic.seconds() < end else { return false }
            try await loop.sleep(seconds: Self.retrySeconds)
        }
    }

    private func another(than taken: String) async throws -> String {
        let name = taken + "-" + Identifier.random().description.prefix(8)
        guard try await lock.take(name) else { throw DatabaseError.unavailable("\(name) is taken as well") }
        return name
    }

    private func retake() {
        guard isKept, task == nil else { return }
        task = loop.spawn { [weak self] in
            await self?.takeAgain()
        }
    }

    private func takeAgain() async {
        var failures = 0
        repeat {
            failures += 1
            let pause = BackOff.reconnect.delay(failures: failures, jitter: Double.random(in: 0..<1))
            try? await loop.sleep(seconds: pause)
            if Task.isCancelled { break }
            try? await take()
        } while !lock.isHeld
        task = nil
    }
}
