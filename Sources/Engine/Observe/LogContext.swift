// What an event belongs to, told once where the work begins and printed in every line of it. Any thread.
import Logging

/// Follows a task and the tasks that it starts. So a call to OpenAI is logged with the request or the job that made it,
/// and nothing in between has to pass that on.
public enum LogContext {
    /// `request_id`, `job`. Nothing from outside but what was found to be sane before.
    @TaskLocal public static var metadata: Logger.Metadata = [:]

    /// Runs `body`, which starts a task or logs, with these names beside those there are.
    public static func with<Value>(_ more: Logger.Metadata, _ body: () -> Value) -> Value {
        $metadata.withValue(metadata.merging(more) { $1 }, operation: body)
    }

    /// For what is done for a job, long after the request that made it was answered.
    public static func with<Value>(job: Identifier, request: String?, _ body: () -> Value) -> Value {
        with(names(job: job, request: request), body)
    }

    /// The same for a `body` that waits.
    public static func with<Value>(
        job: Identifier, request: String?, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        let all = metadata.merging(names(job: job, request: request)) { $1 }
        return try await $metadata.withValue(all, operation: body, isolation: isolation)
    }

    /// The request that this is done for.
    public static var requestID: String? { metadata["request_id"]?.description }

    private static func names(job: Identifier, request: String?) -> Logger.Metadata {
        var names: Logger.Metadata = ["job": "\(job)"]
        if let request { names["request_id"] = "\(request)" }
        return names
    }
}
