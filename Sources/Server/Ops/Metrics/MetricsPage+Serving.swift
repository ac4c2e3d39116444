// Families of a scrape for the API: requests, limiter, bodies.
import Engine

extension MetricsPage {
    mutating func writeRequests() {
        text.family(
            "generation_http_requests_total", .counter,
            "Ended requests by route, method and status of the reply; aborted: no reply, or one broken off.")
        for (tag, labels) in requestLabels.enumerated() {
            for (place, status) in RequestMetrics.statusLabels.enumerated() {
                let count = sum { $0.requests.count(tag: tag, status: place) }
                // Most routes never answer with most statuses, so zeros are left out.
                if count > 0 { text.sample(labels + [("status", status)], count) }
            }
        }
        text.family(
            "generation_http_request_duration_seconds", .histogram,
            "Time from a request's complete head until the last byte of its reply is passed to the socket.")
        for (tag, labels) in requestLabels.enumerated() {
            guard let histogram = merged(\.requests.durations, row: tag), histogram.count > 0 else { continue }
            text.histogram(histogram, labels)
        }
        gauge("generation_http_requests_in_flight", "Requests that have not ended.", sum { $0.requests.open })
        gauge("generation_http_connections", "Open client connections.", sum { $0.requests.openConnections })
    }

    /// The labels; they are the same in all shards.
    private var requestLabels: [MetricsText.Labels] { shards.first?.requests.labels ?? [] }

    mutating func writeLimiter(clients: Int) {
        counter(
            "generation_ratelimit_admitted_total",
            "Requests admitted by the limiter, by class; all requests of a class without a limit.", by: "class"
        ) { $0.admitted }
        counter(
            "generation_ratelimit_refused_total", "Requests refused with 429, by class.", by: "class"
        ) { $0.refused }
        gauge("generation_ratelimit_clients", "Clients that the rate limiter remembers.", clients)
    }

    mutating func writeIntake() {
        counter(
            "generation_ingest_bytes_total", "Bytes of generation requests' bodies received.",
            sum { $0.intake[.bytes] })
        counter(
            "generation_ingest_lots_total", "Lots in valid generation requests.", sum { $0.intake[.lots] })
        counter(
            "generation_ingest_refused_total", "Generation requests refused because too much was held in memory.",
            sum { $0.intake[.refused] })
        gauge(
            "generation_ingest_bodies_in_flight", "Request bodies being read or stored.",
            sum { $0.intake[.inFlight] })
        gauge(
            "generation_ingest_held_bytes", "Memory set aside for request bodies in flight.",
            sum { $0.intake[.heldBytes] })
    }
}
