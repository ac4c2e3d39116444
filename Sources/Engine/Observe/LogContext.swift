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
}
