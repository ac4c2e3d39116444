// Families of a scrape for background work: jobs, OpenAI, webhooks.
import Engine

extension MetricsPage {
    /// - Parameter figures: nil if the database has not answered for too long; the families then have no samples.
    mutating func writeQueue(_ figures: QueueFigures?) {
        text.family(
            "generation_jobs", .gauge,
            "Jobs of all instances by status and stage: open ones, and those that ended in the last 24 h.")
        for status in JobStatus.allCases where figures != nil {
            for stage in JobStage.allCases {
                let count = figures?.jobs.first { $0.status == status && $0.stage == stage }?.count ?? 0
                if count == 0, !MetricsPage.isUsual(status, stage) { continue }
                text.sample([("status", status.rawValue), ("stage", stage.rawValue)], count)
            }
        }
        text.family(
            "generation_jobs_oldest_age_seconds", .gauge,
            "Age of the oldest open job of all instances, by status; 0 without one.")
        for status in JobStatus.allCases where figures != nil && status.isOpen {
            let ages = figures?.jobs.filter { $0.status == status }.map(\.eldestSeconds) ?? []
            text.sample([("status", status.rawValue)], max(0, ages.max() ?? 0))
        }
        text.family(
            "generation_webhook_deliveries_pending", .gauge,
            "Webhook deliveries of all instances that have not ended.")
        if let figures { text.sample(figures.pendingDeliveries) }
    }

    /// Combinations that have a sample even at zero, so that a graph begins with a job's first moment.
    private static func isUsual(_ status: JobStatus, _ stage: JobStage) -> Bool {
        switch status {
        case .pending: stage == .queued
        case .processing: stage == .imagePrefetch || stage == .visionAnalysis || stage == .finalizing
        case .translating: stage == .translation || stage == .finalizing
        case .completed: stage == .done
        case .failed, .cancelled: false
        }
    }

    /// - Parameter models: the configured models, in the order of the metrics' places.
    mutating func writeProvider(models: [String]) {
        text.family(
            "generation_provider_calls_total", .counter,
            "Calls to OpenAI by endpoint and outcome; each try counts. rate_limited: 429.")
        for operation in ProviderOperation.allCases {
            for outcome in ProviderMetrics.Outcome.allCases {
                text.sample(
                    [("endpoint", operation.label), ("outcome", outcome.label)],
                    sum { $0.provider.calls(operation, outcome) })
            }
        }
        text.family(
            "generation_provider_call_duration_seconds", .histogram,
            "Time of one try of a call to OpenAI, until the end of its answer; for a file, until its head.")
        for operation in ProviderOperation.allCases {
            guard let histogram = merged(\.provider.durations, row: operation.rawValue) else { continue }
            text.histogram(histogram, [("endpoint", operation.label)])
        }
        counter(
            "generation_provider_answers_without_usage_total",
            "Answers that did not say what they cost; their tokens are missing in the counts.",
            sum { $0.provider.answersWithoutUsage })
        text.family(
            "generation_provider_tokens_total", .counter, "Tokens spent, by requested model and direction.")
        // The last place is for models that are not configured any more.
        let other = ProviderMetrics.modelsMax - 1
        let places = models.prefix(other).enumerated().map { ($0, $1) } + [(other, "other")]
        for (place, model) in places {
            for direction in ProviderMetrics.Direction.allCases {
                text.sample(
                    [("model", model), ("direction", direction.label)],
                    sum { $0.provider.tokens(model: place, direction) })
            }
        }
        text.family(
            "generation_provider_token_parts_total", .counter,
            "Tokens among those spent: input from the provider's cache and written to it, output for reasoning.")
        for (place, model) in places {
            for part in ProviderMetrics.TokenPart.allCases {
                text.sample(
                    [("model", model), ("part", part.label)], sum { $0.provider.tokens(model: place, part) })
            }
        }
    }

    mutating func writeWebhooks() {
        counter(
            "generation_webhook_attempts_total", "Attempts to deliver a webhook, by outcome.", by: "outcome"
        ) { $0.webhooks.attempts }
        text.family(
            "generation_webhook_attempt_duration_seconds", .histogram,
            "Time of one attempt, including the wait for a connection.")
        if let histogram = merged(\.webhooks.durations) { text.histogram(histogram) }
        gauge(
            "generation_webhook_attempts_in_flight", "Attempts under way.", sum { $0.webhooks.inFlight })
        counter(
            "generation_webhook_deliveries_total", "Deliveries that this instance ended.",
            by: "status"
        ) { $0.webhooks.deliveries }
    }
}
