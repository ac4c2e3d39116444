// One attempt of a delivery: intent, exchange, outcome. Loop-bound.
import Logging

struct WebhookAttempt {
    let delivery: DeliveryRecord
    let loop: Loop
    let database: Database
    let http: HTTPClient
    let configuration: WebhookConfiguration
    let log: Logger

    private var number: Int { delivery.attempts + 1 }

    func run() async {
        do {
            guard let job = try await DeliveryContent.job(database, delivery.job),
                try await DeliveryAttempts.begin(
                    database, delivery: delivery.id, attempt: number, incarnation: configuration.incarnation)
            else { return }
            let outcome = try await exchange(job)
            // What the receiver has got is booked even while the service stops.
            await loop.spawn {
                do { try await self.settle(outcome) } catch { self.unbooked(error) }
            }.value
        } catch {
            if Task.isCancelled { await giveBack() } else { unbooked(error) }
        }
    }

    /// The database is away: the claim lapses, and the attempt is made again.
    private func unbooked(_ error: any Error) {
        log.warning(
            "webhook_delivery: attempt could not be booked",
            metadata: ["delivery": "\(delivery.id)", "error": "\(error)"])
    }

    private func giveBack() async {
        let (database, id, incarnation) = (database, delivery.id, configuration.incarnation)
        // The attempt's own task is cancelled; the hand-over needs one that is not.
        await loop.spawn {
            try? await DeliveryAttempts.putBack(database, deliveries: [id], incarnation: incarnation, waitSeconds: 0)
        }.value
    }

    private func exchange(_ job: EndedJob) async throws -> AttemptOutcome {
        let seal = try await DeliverySeal.make(
            delivery, body: DeliveryBody(delivery, job: job, database: database), keys: configuration.keys)
        var request = OutboundRequest(method: "POST", url: delivery.url)
        request.headers = seal.headers(delivery, attempt: number)
        request.body = .stream(length: seal.length, source: DeliveryBody(delivery, job: job, database: database))
        request.timeoutSeconds = configuration.timeoutSeconds
        request.queueSeconds = configuration.queueSeconds
        request.addresses = configuration.addresses
        request.maxResponseBytes = 64 * 1024
        do throws(OutboundError) {
            let response = try await http.send(request)
            let succeeded = DeliverySchedule.isSuccess(response.status)
            return AttemptOutcome(httpStatus: response.status, error: succeeded ? nil : "HTTP \(response.status)")
        } catch {
            if Task.isCancelled { throw CancellationError() }
            return AttemptOutcome(httpStatus: nil, error: error.message)
        }
    }

    private func settle(_ outcome: AttemptOutcome) async throws {
        let (status, wait): (String, Double) =
            switch configuration.schedule.verdict(attempt: number, succeeded: outcome.error == nil) {
            case .delivered: ("delivered", 0)
            case .again(let seconds): ("pending", seconds)
            case .failed: ("failed", 0)
            }
        try await database.transaction { session in
            try await DeliveryAttempts.end(
                session, delivery: delivery.id, attempt: number, incarnation: configuration.incarnation,
                outcome: outcome, status: status, waitSeconds: wait)
        }
        log.info(
            "webhook_delivery \(status == "pending" ? "will be repeated" : status)",
            metadata: [
                "job": "\(delivery.job)", "delivery": "\(delivery.id)", "attempt": "\(number)",
                "error": "\(outcome.error ?? "-")",
            ])
    }
}
