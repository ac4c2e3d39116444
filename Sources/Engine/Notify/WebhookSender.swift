// Sends the deliveries in the outbox. Loop-bound; one per shard, and all of them share the rows.
import Logging

public final class WebhookSender: BackgroundService {
    private let loop: Loop
    private let database: Database
    /// Shared with the loop's other services. Each closes it in `stop`, because all of them stop together.
    private let listener: DatabaseListener
    private let http: HTTPClient
    private let configuration: WebhookConfiguration
    private let metrics: WebhookMetrics
    private let log = Logger(label: "webhooks")
    private let alarm: Alarm
    private var task: Task<Void, Never>?
    private var attempts: [Identifier: Task<Void, Never>] = [:]
    private var load: DeliveryLoad
    /// Deliveries whose claim got no reply. If the claim succeeded, no other sender can send them until it lapses.
    private var doubtful: Set<Identifier> = []
    private var stopping = false

    public init(
        on loop: Loop, database: Database, listener: DatabaseListener, http: HTTPClient,
        configuration: WebhookConfiguration, metrics: WebhookMetrics = WebhookMetrics()
    ) {
        self.loop = loop
        self.database = database
        self.listener = listener
        self.http = http
        self.configuration = configuration
        self.metrics = metrics
        alarm = Alarm(on: loop)
        load = DeliveryLoad(
            perReceiverMax: configuration.inFlightPerReceiver, perJobMax: configuration.inFlightPerJob)
    }

    public func start() {
        let alarm = alarm
        listener.subscribe(
            to: WakeSenders.channel, received: { _ in alarm.wake() }, reconnected: { alarm.wake() })
        listener.start()
        task = loop.spawn { [weak self] in await self?.run() }
    }

    public func stop() async {
        stopping = true
        task?.cancel()
        await task?.value
        listener.close()
        let open = Array(attempts.values)
        // A receiver that is about to answer must not get the delivery twice.
        await loop.wait(for: open, atMost: configuration.graceSeconds)
        for attempt in open { attempt.cancel() }
        for attempt in open { await attempt.value }
    }

    private func run() async {
        while !stopping {
            var wait = configuration.pollSeconds
            do { wait = min(wait, try await runOnce()) } catch {
                log.warning("webhook_delivery: due deliveries could not be read", metadata: ["error": "\(error)"])
            }
            do { try await alarm.sleep(seconds: wait) } catch { return }
        }
    }

    /// Claims the deliveries that are due and starts to send them.
    /// - Returns: seconds until more deliveries may be due.
    public func runOnce() async throws(DatabaseError) -> Double {
        let room = configuration.inFlightMax - attempts.count - doubtful.count
        guard room > 0 || !doubtful.isEmpty else { return configuration.pollSeconds }
        let due = try await claim(
            ClaimDeliveries.due(
                database, incarnation: configuration.incarnation, silentSeconds: configuration.silentSeconds,
                limit: max(0, room), load: load))
        // A running attempt can outlive its claim; a delivery claimed again in this way is already being sent.
        let refused = due.filter { attempts[$0.id] == nil && !begin($0) }
        if !refused.isEmpty {
            CrashPoint.deliveryReturning.pass()
            try await DeliveryAttempts.putBack(
                database, deliveries: refused.map(\.id), incarnation: configuration.incarnation, waitSeconds: 0)
            CrashPoint.deliveryReturned.pass()
        }
        // There may be more deliveries for receivers and jobs that have room.
        if !due.isEmpty, !stopping { return 0 }
        let next = try await ClaimDeliveries.secondsToNext(database, load: load)
        return max(0.01, next ?? configuration.pollSeconds)
    }

    private func claim(_ ids: [Identifier]) async throws(DatabaseError) -> [DeliveryRecord] {
        let ids = doubtful.union(ids)
        if ids.isEmpty { return [] }
        CrashPoint.deliveriesTaking.pass()
        do throws(DatabaseError) {
            let taken = try await ClaimDeliveries.take(
                database, incarnation: configuration.incarnation, silentSeconds: configuration.silentSeconds,
                holdSeconds: configuration.holdSeconds, ids: ids, doubtful: doubtful)
            doubtful = []
            if !taken.isEmpty { CrashPoint.deliveriesTaken.pass() }
            return taken
        } catch {
            doubtful = ids
            throw error
        }
    }

    /// - Returns: false if the delivery cannot be sent now.
    private func begin(_ delivery: DeliveryRecord) -> Bool {
        guard !stopping, load.hasRoom(for: delivery) else { return false }
        load.began(delivery)
        let attempt = WebhookAttempt(
            delivery: delivery, loop: loop, database: database, http: http, configuration: configuration,
            metrics: metrics,
            log: log)
        let loop = loop
        attempts[delivery.id] = LogContext.with(job: delivery.job, request: delivery.requestID) {
            loop.spawn { [weak self] in
                await loop.yield()  // the task must be in the table before it can end
                await attempt.run()
                self?.ended(delivery)
            }
        }
        return true
    }

    private func ended(_ delivery: DeliveryRecord) {
        attempts[delivery.id] = nil
        load.ended(delivery)
        alarm.wake()
    }
}
