// The reply to GET batch-status as bytes: the members of the API document's sample, in its order, and `usage` (C5.9).
// It is made tens of thousands of times per second, so it avoids JSON values and almost all Strings. Pure.
import Engine

/// The status of a job, as a client polls it.
struct StatusText {
    private(set) var bytes: [UInt8] = []

    init(_ job: JobView, usage: [ModelUsage], now: Timestamp) {
        bytes.reserveCapacity(768)
        text(#"{"job_id":""#)
        bytes.append(job.id)
        text(#"","status":""#)
        text(job.status.rawValue)
        text(#"","created_at":""#)
        bytes.append(job.createdAt)
        text(#"","updated_at":""#)
        bytes.append(job.updatedAt)
        text(#"","progress":"#)
        progress(job, now)
        text(#","languages":"#)
        list(job.languages)
        text(#","processing_details":"#)
        details(job)
        text(#","error_message":"#)
        optional(job.errorMessage)
        text(#","webhook_configured":"#)
        text(job.webhookConfigured ? "true" : "false")
        text(#","usage":"#)
        self.usage(usage)
        text("}")
    }

    private mutating func progress(_ job: JobView, _ now: Timestamp) {
        number(#"{"total_lots":"#, job.totalLots)
        number(#","processed_lots":"#, job.processedLots)
        number(#","failed_lots":"#, job.failedLots)
        // One decimal, as `JSONValue` prints the same number.
        let tenths = Int((job.completionPercentage * 10).rounded())
        number(#","completion_percentage":"#, tenths / 10)
        number(".", tenths % 10)
        text(#","estimated_completion":"#)
        if let end = job.estimatedCompletion(at: now) {
            text("\"")
            bytes.append(end)
            text("\"}")
        } else {
            text("null}")
        }
    }

    private mutating func details(_ job: JobView) {
        text(#"{"openai_vision_batch_id":"#)
        optional(job.visionBatchID)
        text(#","openai_translation_batch_id":"#)
        optional(job.translationBatchID)
        text(#","openai_vision_batch_ids":"#)
        list(job.visionBatchIDs)
        text(#","openai_translation_batch_ids":"#)
        list(job.translationBatchIDs)
        text(#","current_stage":""#)
        text(job.stage)
        text(#""}"#)
    }

    private mutating func usage(_ models: [ModelUsage]) {
        number(#"{"input_tokens":"#, models.reduce(0) { $0 + $1.tokens.input })
        number(#","output_tokens":"#, models.reduce(0) { $0 + $1.tokens.output })
        text(#","by_model":{"#)
        for (index, model) in models.enumerated() {
            if index > 0 { text(",") }
            JSONValue.writeString(model.model, to: &bytes)
            number(#":{"input_tokens":"#, model.tokens.input)
            number(#","output_tokens":"#, model.tokens.output)
            number(#","cached_tokens":"#, model.tokens.cached)
            number(#","cache_write_tokens":"#, model.tokens.cacheWritten)
            number(#","reasoning_tokens":"#, model.tokens.reasoning)
            text("}")
        }
        text("}}")
    }

    // MARK: Pieces

    /// Appends text that needs no escape.
    private mutating func text(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func number(_ name: String, _ number: Int) {
        text(name)
        bytes.append(decimal: number)
    }

    private mutating func optional(_ value: String?) {
        guard let value else { return text("null") }
        JSONValue.writeString(value, to: &bytes)
    }

    private mutating func list(_ values: [String]) {
        text("[")
        for (index, value) in values.enumerated() {
            if index > 0 { text(",") }
            JSONValue.writeString(value, to: &bytes)
        }
        text("]")
    }
}
