// One attempt of a delivery: intent, exchange, outcome. Loop-bound.
import Logging

struct WebhookAttempt {
    /// Most bytes of an answer that are read; the status is known before that.
    private static let answerBytesMax = 64 * 1024
    /// Wait before the attempt is repeated after a failure of this service, seconds.
    private static let troubleSeconds = 1.0

    let delivery: DeliveryRecord
    let loop: Loop
    let database: Database
    let http: HTTPClient
    let configuration: WebhookConfiguration
    let metrics: WebhookMetrics
    let log: Logger

    private var number: Int { delivery.nextAttempt }

    func run() async {
        do {
            CrashPoint.attemptBeginning.pass()
            guard let job = try await DeliveryContent.job(database, delivery.job) else { return }
            let isOurs = try await DeliveryAttempts.begin(
                database, delivery: delivery.id, attempt: number, incarnation: configuration.incarnation)
            guard isOurs else {
                _ = await isReadable()
                return
            }
            CrashPoint.attemptBegun.pass()
            let outcome = try await exchange(job)
            CrashPoint.attemptAnswered.pass()
            let ended = Monotonic.seconds()
            await insist { try await settle(outcome, agoSeconds: Monotonic.seconds() - ended) }
        } catch {
            await giveBack(because: error)
        }
    }

    /// Returns a delivery whose attempt did not happen or did not finish: at once if this
    /// service stops, otherwise after a wait.
    private func giveBack(because error: any Error) async {
        let wait = Task.isCancelled ? 0 : Self.troubleSeconds
        if !Task.isCancelled { unbooked(error) }
        await insist {
            CrashPoint.deliveryReturning.pass()
            try await DeliveryAttempts.putBack(
                database, deliveries: [delivery.id], incarnation: configuration.incarnation, waitSeconds: wait)
            CrashPoint.deliveryReturned.pass()
        }
    }

    /// Retries a write while the database is away, and also while the service stops. If it fails in the end, the
    /// outcome is lost: the claim lapses, and the attempt is repeated.
    private func insist(_ write: @escaping () async throws -> Void) async {
        let last = await database.insist(
            seconds: configuration.bookSeconds,
            goesOn: { error, failures in
                if failures == 1 {
                    log.warning("webhook_delivery: outcome waits for the database", metadata: describing(error))
                }
                return !Task.isCancelled
            }, { try await inTaskOfItsOwn(write) })
        if let last { unbooked(last) }
    }

    /// Runs the write in a task of its own, because the current task may be cancelled.
    private func inTaskOfItsOwn(_ write: @escaping () async throws -> Void) async throws {
        var failure: (any Error)?
        await loop.spawn {
            do { try await write() } catch { failure = error }
        }.value
        if let failure { throw failure }
    }

    /// Returns false if a newer version wrote the delivery's state: then it is left alone, logged and counted.
    private func isReadable() async -> Bool {
        do throws(DatabaseError) {
            _ = try await DeliveryAttempts.status(database, delivery: delivery.id)
            return true
        } catch {
            guard case .unknownText(let column) = error.kind else { return true }
            database.countUnreadable(column)
            log.error(
                "webhook_delivery: delivery left alone, a newer version wrote it", metadata: describing(error))
            return false
        }
    }

    private func unbooked(_ error: any Error) {
        log.warning("webhook_delivery: attempt could not be recorded", metadata: describing(error))
    }

    private func describing(_ error: any Error) -> Logger.Metadata {
        ["delivery": "\(delivery.id)", "error": "\(error)"]
    }

    private func exchange(_ job: EndedJob) async throws -> AttemptOutcome {
        let seal = try await DeliverySeal.make(
            delivery, body: DeliveryBody(delivery, job: job, database: database), keys: configuration.keys)
        let body = DeliveryBody(delivery, job: job, database: database)
        var request = OutboundRequest(method: "POST", url: delivery.url)
        request.headers = seal.headers(delivery, attempt: number)
        request.body = .stream(length: seal.length, source: body)
        request.timeoutSeconds = configuration.timeoutSeconds
        request.connectSeconds = configuration.timeoutSeconds
        request.queueSeconds = configuration.queueSeconds
        request.addresses = configuration.addresses
        let measure = begin()
        do throws(OutboundError) {
            let status = try await status(request)
            let succeeded = DeliverySchedule.isSuccess(status)
            measure(succeeded ? .delivered : .rejected)
            return AttemptOutcome(httpStatus: status, error: succeeded ? nil : "HTTP \(status)")
        } catch {
            let isOurs = Task.isCancelled || body.failure != nil
            measure(isOurs ? nil : WebhookMetrics.Outcome(error.kind))
            if Task.isCancelled { throw CancellationError() }
            // A failed database read in the middle of the body is not the receiver's failure.
            if let failure = body.failure { throw failure }
            return AttemptOutcome(httpStatus: nil, error: error.message)
        }
    }

    /// Starts the measurement of an attempt. The caller passes the outcome to the returned function.
    private func begin() -> (WebhookMetrics.Outcome?) -> Void {
        let (metrics, begun) = (metrics, Monotonic.nanoseconds())
        metrics.attemptBegan()
        return { metrics.attemptEnded($0, nanoseconds: Monotonic.nanoseconds() - begun) }
    }

    /// Returns the answer's status once the answer is complete or too long to read on.
    private func status(_ request: OutboundRequest) async throws(OutboundError) -> Int {
        let answer = try await http.open(request)
        defer { answer.cancel() }
        var read = 0
        while read < Self.answerBytesMax, let bytes = try await answer.next() { read += bytes.count }
        return answer.status
    }

    private func settle(_ outcome: AttemptOutcome, agoSeconds: Double) async throws {
        let succeeded = outcome.error == nil
        let (status, wait): (DeliveryStatus, Double) =
            switch configuration.schedule.verdict(attempt: delivery.nextInSeries, succeeded: succeeded) {
            case .delivered: (.delivered, 0)
            case .again(let seconds): (.pending, seconds)
            case .failed: (.failed, 0)
            }
        let isWritten = try await database.transaction { session in
            let isWritten = try await DeliveryAttempts.end(
                session, delivery: delivery.id, attempt: number, incarnation: configuration.incarnation,
                outcome: outcome, agoSeconds: agoSeconds, status: status, waitSeconds: wait)
            CrashPoint.attemptCommitting.pass()
            return isWritten
        }
        CrashPoint.attemptCommitted.pass()
        if !isWritten, await !isReadable() { return }
        switch status {
        case .delivered: metrics.deliveries.add(.delivered)
        case .failed: metrics.deliveries.add(.failed)
        case .pending: break
        }
        log.info(
            "webhook_delivery \(status == .pending ? "will be repeated" : status.rawValue)",
            metadata: [
                "delivery": "\(delivery.id)", "attempt": "\(number)", "error": "\(outcome.error ?? "-")",
            ])
    }
}

extension WebhookMetrics.Outcome {
    init(_ kind: OutboundError.Kind) {
        self =
            switch kind {
            case .invalidURL, .forbiddenAddress: .forbidden
            case .resolveFailed, .connectFailed, .tlsFailed: .unreachable
            case .timedOut: .timedOut
            case .tooLarge, .tooManyRedirects, .interrupted, .sourceFailed, .cancelled: .broken
            }
    }
}
