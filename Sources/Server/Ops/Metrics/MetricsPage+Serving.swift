// What the API's side of a scrape tells: requests, limiter, bodies.
import Engine

extension MetricsPage {
    mutating func writeRequests() {
        text.family(
            "generation_http_requests_total", .counter,
            "Requests that are over, by route, method and status of the reply; aborted: no reply, or one broken off.")
        for (tag, labels) in requestLabels.enumerated() {
            for (place, status) in RequestMetrics.statusLabels.enumerated() {
                let count = sum { $0.requests.count(tag: tag, status: place) }
                // Most routes never answer with most statuses.
                if count > 0 { text.sample(labels + [("status", status)], count) }
            }
        }
        text.family(
            "generation_http_request_duration_seconds", .histogram,
            "From a request's complete head to the last byte of its reply handed to the socket.")
        for (tag, labels) in requestLabels.enumerated() {
            guard let histogram = merged(\.requests.durations, row: tag), histogram.count > 0 else { continue }
            text.histogram(histogram, labels)
        }
        gauge("generation_http_requests_in_flight", "Requests in work.", sum { $0.requests.open })
        gauge("generation_http_connections", "Open client connections.", sum { $0.requests.openConnections })
    }

    /// The same in all shards.
    private var requestLabels: [MetricsText.Labels] { shards.first?.requests.labels ?? [] }

    mutating func writeLimiter(clients: Int) {
        counter(
            "generation_ratelimit_admitted_total",
            "Requests that were counted and let in, by class; where a class is not limited, all of them.", by: "class"
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
            "generation_ingest_refused_total", "Generation requests turned away because too much was held in memory.",
            sum { $0.intake[.refused] })
        gauge(
            "generation_ingest_bodies_in_flight", "Request bodies being read or stored.",
            sum { $0.intake[.inFlight] })
        gauge(
            "generation_ingest_held_bytes", "Memory set aside for request bodies in flight.",
            sum { $0.intake[.heldBytes] })
    }
}
