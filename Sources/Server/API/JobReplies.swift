// Jobs as JSON: exactly the members of the API document, plus those that docs/CONTRACT.md adds. Pure.
import Engine

extension JobView {
    /// An element of `GET batch-jobs`.
    func listReply(now: Timestamp) -> JSONValue {
        .object([
            ("id", .string(id.description)),
            ("status", .string(status.rawValue)),
            ("created_at", .string(createdAt.description)),
            ("updated_at", .string(updatedAt.description)),
            ("total_lots", .int(totalLots)),
            ("processed_lots", .int(processedLots)),
            ("failed_lots", .int(failedLots)),
            ("languages", JSONValue(languages)),
            ("progress", shortProgress(now: now)),
            ("webhook_configured", .bool(webhookConfigured)),
        ])
    }

    /// Progress with the counts of lots.
    func fullProgress(now: Timestamp) -> JSONValue {
        .object([
            ("total_lots", .int(totalLots)),
            ("processed_lots", .int(processedLots)),
            ("failed_lots", .int(failedLots)),
            ("completion_percentage", .double(completionPercentage)),
            ("estimated_completion", JSONValue(estimatedCompletion(at: now)?.description)),
        ])
    }

    /// Progress without the counts of lots.
    func shortProgress(now: Timestamp) -> JSONValue {
        .object([
            ("completion_percentage", .double(completionPercentage)),
            ("estimated_completion", JSONValue(estimatedCompletion(at: now)?.description)),
        ])
    }

    /// `processing_summary` of the results.
    var summary: JSONValue {
        .object([
            ("total_lots", .int(totalLots)),
            ("processed_lots", .int(processedLots)),
            ("failed_lots", .int(failedLots)),
            ("total_images_processed", .int(processedImages)),
            ("total_processing_time", .string(DurationText.of(seconds: (completedAt ?? updatedAt) - createdAt))),
        ])
    }
}

extension JobView {
    /// The reason why a job has no results to send; nil for a completed job (C4.4, and 202 of the API document).
    func noResults(now: Timestamp) -> ServiceError? {
        switch status {
        case .completed: nil
        case .pending, .processing, .translating:
            ServiceError(
                .jobNotCompleted,
                "Job is currently \(status.rawValue). Results will be available when status is 'completed'.",
                extra: [("status", .string(status.rawValue)), ("progress", shortProgress(now: now))])
        case .failed: ended(.jobFailed, "Job failed; it has no results", now)
        case .cancelled: ended(.jobCancelled, "Job was cancelled; it has no results", now)
        }
    }

    private func ended(_ code: ServiceError.Code, _ message: String, _ now: Timestamp) -> ServiceError {
        ServiceError(
            code, message,
            extra: [
                ("status", .string(status.rawValue)), ("error_message", JSONValue(errorMessage)),
                ("progress", fullProgress(now: now)),
            ])
    }
}
