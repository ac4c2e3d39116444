// The table of the API's endpoints. Pure.

/// An endpoint of the API with the id from its path.
public enum APIRoute: Equatable, Sendable {
    case generateDescriptions
    case batchStatus(job: String)
    case batchResults(job: String)
    case download(job: String)
    case batchJobs
    case cancel(job: String)
    case webhookDeliveries(job: String)
    case redeliver(delivery: String)
    case health
    case live
    case ready
}

extension APIRoute {
    /// Method, path and route. `:job` and `:delivery` stand for an id.
    static let table: [Router<APIRoute>.Entry] = [
        .init("POST", "/api/v1/generate-descriptions") { _ in .generateDescriptions },
        .init("GET", "/api/v1/batch-status/:job") { .batchStatus(job: $0) },
        .init("GET", "/api/v1/batch-results/:job") { .batchResults(job: $0) },
        .init("GET", "/api/v1/batch-results/:job/download") { .download(job: $0) },
        .init("GET", "/api/v1/batch-jobs") { _ in .batchJobs },
        .init("POST", "/api/v1/batch-jobs/:job/cancel") { .cancel(job: $0) },
        .init("GET", "/api/v1/batch-jobs/:job/webhook-deliveries") { .webhookDeliveries(job: $0) },
        .init("POST", "/api/v1/webhook-deliveries/:delivery/redeliver") { .redeliver(delivery: $0) },
        .init("GET", "/health") { _ in .health },
        .init("GET", "/health/live") { _ in .live },
        .init("GET", "/health/ready") { _ in .ready },
    ]
}
