// A look at the endpoints that batches need: compatible servers and gateways often lack them. Loop-bound.

/// An endpoint without which jobs cannot use batches.
public enum BatchEndpoint: String, CaseIterable, Sendable {
    case files = "/files"
    case batches = "/batches"

    /// Statuses by which a server says that it has no such endpoint.
    static let missingStatuses: Set<Int> = [404, 405, 501]

    /// Advice to the operator, for the log and for `check`.
    public func advice(status: Int) -> String {
        "GET \(rawValue) answered \(status), so there is no Batch API at OPENAI_BASE_URL; "
            + "set OPENAI_BATCHES=off, or correct OPENAI_BASE_URL"
    }
}

public enum EndpointFinding: Equatable, Sendable {
    case there
    case missing(status: Int)
    /// The reply says nothing about the endpoint.
    case unclear(OpenAIError)
}

extension OpenAIClient {
    /// Asks for a list with one entry. Makes one try.
    public func look(for endpoint: BatchEndpoint) async -> EndpointFinding {
        var call =
            switch endpoint {
            case .files: smallCall(.listFiles, "GET", "/files?purpose=batch&limit=1")
            case .batches: smallCall(.listBatches, "GET", "/batches?limit=1")
            }
        call.repeats = .never
        do throws(OpenAIError) {
            _ = try await json(call)
            return .there
        } catch {
            if case .api(let status, _, _) = error.kind, BatchEndpoint.missingStatuses.contains(status) {
                return .missing(status: status)
            }
            return .unclear(error)
        }
    }
}
