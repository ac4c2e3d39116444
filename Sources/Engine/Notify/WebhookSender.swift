// Sends what is in the outbox. Loop-bound; one a shard of the process, all of them share the rows.
import Logging

public final class WebhookSender: BackgroundService {
    private let loop: Loop
    private let database: Database
    private let databaseConfiguration: DatabaseConfiguration
    private let http: HTTPClient
    private let configuration: WebhookConfiguration
    private let log = Logger(label: "webhooks")
    private let alarm: Alarm
    private var listener: DatabaseListener?
    private var task: Task<Void, Never>?
    private var attempts: [Identifier: Task<Void, Never>] = [:]
    private var hosts: [String: Int] = [:]
    private var stopping = false

    public init(
        on loop: Loop, database: Database, databaseConfiguration: DatabaseConfiguration, http: HTTPClient,
        configuration: WebhookConfiguration
    ) {
        self.loop = loop
        self.database = database
        self.databaseConfiguration = databaseConfiguration
        self.http = http
        self.configuration = configuration
        alarm = Alarm(on: loop)
    }

    public func start() {
        let alarm = alarm
        let listener = DatabaseListener(
            on: loop, configuration: databaseConfiguration, channels: ["generation_deliveries"],
            received: { _, _ in alarm.wake() }, reconnected: { alarm.wake() })
        self.listener = listener
        listener.start()
        task = loop.spawn { [weak self] in await self?.run() }
    }

    public func stop() async {
        stopping = true
        task?.cancel()
        await task?.value
        await listener?.close()
        let open = Array(attempts.values)
        for attempt in open { attempt.cancel() }
        for attempt in open { await attempt.value }
    }

    private func run() async {
        while !stopping {
            var wait = configuration.pollSeconds
            do { wait = min(wait, try await runOnce()) } catch {
                log.warning("webhook_delivery: could not look for deliveries", metadata: ["error": "\(error)"])
            }
            do { try await alarm.sleep(seconds: wait) } catch { return }
        }
    }

    /// Claims what is due and begins to send it.
    /// - Returns: seconds until there may be more.
    public func runOnce() async throws(DatabaseError) -> Double {
        let room = configuration.inFlightMax - attempts.count
        guard room > 0 else { return configuration.pollSeconds }
        let due = try await ClaimDeliveries.run(
            database, incarnation: configuration.incarnation,
            holdSeconds: configuration.timeoutSeconds + configuration.queueSeconds + Self.spareSeconds,
            silentSeconds: configuration.silentSeconds, limit: room, busyHosts: busyHosts)
        // Those that cannot begin are given back after the others have begun.
        let tooMany = stopping ? due : due.filter { attempts[$0.id] == nil && !begin($0) }
        if !tooMany.isEmpty {
            try await DeliveryAttempts.putBack(
                database, deliveries: tooMany.map(\.id), incarnation: configuration.incarnation, waitSeconds: 0.5)
        }
        if due.count == room { return 0.05 }
        let next = try await ClaimDeliveries.secondsToNext(database, busyHosts: busyHosts)
        return max(0.01, next ?? configuration.pollSeconds)
    }

    /// Reading and signing a body, booking its outcome, seconds.
    private static let spareSeconds = 120.0

    /// They have as many attempts under way as they may; the end of one wakes us.
    private var busyHosts: [String] {
        hosts.filter { $0.value >= configuration.inFlightPerHost }.map(\.key)
    }

    /// - Returns: false if its receiver is busy with others.
    private func begin(_ delivery: DeliveryRecord) -> Bool {
        let host = WebhookHost.of(delivery.url)
        guard hosts[host, default: 0] < configuration.inFlightPerHost else { return false }
        hosts[host, default: 0] += 1
        let attempt = WebhookAttempt(
            delivery: delivery, loop: loop, database: database, http: http, configuration: configuration, log: log)
        let loop = loop
        attempts[delivery.id] = loop.spawn { [weak self] in
            await loop.yield()  // so that the task is in the table before it can end
            await attempt.run()
            self?.ended(delivery, host)
        }
        return true
    }

    private func ended(_ delivery: DeliveryRecord, _ host: String) {
        attempts[delivery.id] = nil
        let left = hosts[host, default: 1] - 1
        hosts[host] = left > 0 ? left : nil
        alarm.wake()
    }
}
