// The context of an event, such as its request or job: set once where the work begins and
// printed in every log line of it. Any thread.
import Logging

/// Follows a task and its child tasks. So a call to OpenAI is logged with the request or job that
/// caused it, without passing the id along.
public enum LogContext {
    /// `request_id`, `job`. Text from outside must have been checked before it gets here.
    @TaskLocal public static var metadata: Logger.Metadata = [:]

    /// Runs `body` with these names added. `body` starts a task or logs.
    public static func with<Value>(_ more: Logger.Metadata, _ body: () -> Value) -> Value {
        $metadata.withValue(metadata.merging(more) { $1 }, operation: body)
    }

    /// Runs `body` in the context of a job, which may outlive the reply to the request that created it.
    public static func with<Value>(job: Identifier, request: String?, _ body: () -> Value) -> Value {
        with(names(job: job, request: request), body)
    }

    /// The same for an async `body`.
    public static func with<Value>(
        job: Identifier, request: String?, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        let all = metadata.merging(names(job: job, request: request)) { $1 }
        return try await $metadata.withValue(all, operation: body, isolation: isolation)
    }

    /// Id of the request that the current work belongs to.
    public static var requestID: String? { metadata["request_id"]?.description }

    private static func names(job: Identifier, request: String?) -> Logger.Metadata {
        var names: Logger.Metadata = ["job": "\(job)"]
        if let request { names["request_id"] = "\(request)" }
        return names
    }
}
