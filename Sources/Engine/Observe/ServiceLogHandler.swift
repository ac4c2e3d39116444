// Connects swift-log to the log writer. A value; any thread.
import Logging

/// Passes events as lines to a ``LogWriter``. Callers log ids, counts and codes only, so no secret gets here.
public struct ServiceLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let writer: LogWriter

    public init(writer: LogWriter, level: Logger.Level) {
        self.writer = writer
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        LogMetrics.logged(LogMetrics.Level(event.level))
        let all = LogContext.metadata.merging(metadata) { $1 }.merging(event.metadata ?? [:]) { $1 }
        writer.submit(
            writer.format.line(
                at: .now(), level: event.level, message: event.message.description,
                metadata: all.map { ($0.key, $0.value.description) }))
    }
}
